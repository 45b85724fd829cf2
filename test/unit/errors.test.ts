import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { errorCodes } from '../../lib/error-codes.ts';
import { GgmaError } from '../../lib/errors.ts';
import { createEngine } from '../../lib/native.ts';
import { root } from '../support/root.ts';

/** All sources of a folder but the table of codes, as one text. */
function sourcesOf(folder: string): string {
  const files = readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).filter(
    (file) => /\.(ts|cc|h)$/.test(file) && !file.endsWith('error-codes.ts'),
  );
  assert.ok(files.length > 20, folder);
  return files.map((file) => readFileSync(path.join(root, folder, file), 'utf8')).join('\n');
}

describe('error codes', () => {
  it('of the native code are all in the table (the compiler sees to those of lib)', () => {
    const native = new Set(
      [...sourcesOf('native').matchAll(/\bFailure\("([^"]+)"/g)].map(([, code]) => code!),
    );
    assert.ok(native.size >= 10, `found ${native.size}`);
    for (const code of native) assert.ok(Object.hasOwn(errorCodes, code), code);
  });

  it('are all thrown somewhere', () => {
    const text = `${sourcesOf('lib')}\n${sourcesOf('native')}`;
    for (const code of Object.keys(errorCodes)) assert.match(text, new RegExp(`['"]${code}['"]`), code);
  });
});

describe('errors', () => {
  it('carry code, path and cause, and are Errors', () => {
    const cause = new Error('why');
    const error = new GgmaError('CONTEXT_OVERFLOW', 'expected X for Y, got Z', { path: 'a[0]', cause });
    assert.ok(error instanceof GgmaError && error instanceof Error);
    assert.deepEqual(
      [error.name, error.code, error.path, error.cause],
      ['GgmaError', 'CONTEXT_OVERFLOW', 'a[0]', cause],
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
    assert.ok(new copy.GgmaError('INPUT', 'from the copy') instanceof GgmaError);
    assert.ok(new GgmaError('INPUT', 'from here') instanceof copy.GgmaError);
    assert.throws(
      () => createEngine({ threads: 0 }),
      (error: unknown) => error instanceof GgmaError && error instanceof copy.GgmaError,
    );
  });
});
