import assert from 'node:assert/strict';
import { GgmaError } from '../../lib/errors.ts';
import { createEngine } from '../../lib/native.ts';

describe('errors', () => {
  it('carry code, path and cause, and are Errors', () => {
    const cause = new Error('why');
    const error = new GgmaError('AREA_PROBLEM', 'expected X for Y, got Z', { path: 'a[0]', cause });
    assert.ok(error instanceof GgmaError && error instanceof Error);
    assert.deepEqual(
      [error.name, error.code, error.path, error.cause],
      ['GgmaError', 'AREA_PROBLEM', 'a[0]', cause],
    );
    assert.deepEqual(Object.keys(error).sort(), ['code', 'name', 'path']);
  });

  it('carry numbers that programs may act on, where there are some', () => {
    const error = new GgmaError('CONTEXT_OVERFLOW', 'expected less', { values: { contextSize: 8 } });
    assert.deepEqual(error.values, { contextSize: 8 });
    assert.equal(new GgmaError('CONFIG', 'bad').values, undefined);
  });

  it('are told from others, also from ones that look alike', () => {
    const lookalike = Object.assign(new Error('no'), { name: 'GgmaError', code: 'X' });
    for (const other of [lookalike, new Error('no'), { code: 'X' }, null, undefined, 'GgmaError'])
      assert.equal((other as unknown) instanceof GgmaError, false);
  });

  it('of another copy of the class are GgmaErrors too, and so are those that the addon makes with it', async () => {
    const copy = (await import(`../../lib/errors.ts?copy=${'second'}`)) as { GgmaError: typeof GgmaError };
    assert.notEqual(copy.GgmaError, GgmaError);
    assert.ok(new copy.GgmaError('X', 'from the copy') instanceof GgmaError);
    assert.ok(new GgmaError('X', 'from here') instanceof copy.GgmaError);
    assert.throws(
      () => createEngine({ threads: 0 }),
      (error: unknown) => error instanceof GgmaError && error instanceof copy.GgmaError,
    );
  });
});
