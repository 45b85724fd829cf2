import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { runInNewContext } from 'node:vm';
import { GgmaError } from '../../lib/errors.ts';
import {
  fromSystemError,
  isAbsent,
  isDiskFull,
  systemCode,
  systemReason,
  withSystemErrors,
  withSystemErrorsSync,
} from '../../lib/system-error.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: text of Node, open 'x.part'`), { code });
const details = { path: 'model.circle', code: 'OUTPUT', expected: 'to write the file' } as const;

describe('system-error', () => {
  it('knows the errors of another context, as Jest makes one for each test file', () => {
    const foreign: unknown = runInNewContext("Object.assign(new Error('text'), { code: 'ENOENT' })");
    assert.equal(foreign instanceof Error, false);
    assert.equal(systemCode(foreign), 'ENOENT');
    assert.ok(isAbsent(foreign));
    for (const other of [null, undefined, 'ENOENT', { code: 5 }]) assert.equal(systemCode(other), null);
  });

  it('says the reason in words, with the code, and never the path that the call got', () => {
    assert.equal(systemReason(failure('EACCES')), 'no permission (EACCES)');
    assert.equal(systemReason(failure('EWHATEVER')), 'EWHATEVER');
    assert.equal(systemReason(new Error('of another kind')), 'of another kind');
    assert.equal(systemReason('text'), 'text');
    const error = fromSystemError(failure('ENOSPC'), details);
    assert.deepEqual(
      [error.code, error.path, error.message],
      ['OUTPUT', 'model.circle', 'expected to write the file, got: the disk is full (ENOSPC)'],
    );
    assert.equal((error.cause as NodeJS.ErrnoException).code, 'ENOSPC');
  });

  it('calls a failing device IO, whatever was being done', () => {
    for (const code of ['EIO', 'ENXIO', 'ESTALE'])
      assert.equal(fromSystemError(failure(code), details).code, 'IO', code);
  });

  it('tells what is a system error, and which', () => {
    assert.equal(systemCode(failure('ENOENT')), 'ENOENT');
    for (const other of [null, 'ENOENT', new Error('x'), Object.assign(new Error('x'), { code: 5 })])
      assert.equal(systemCode(other), null);
    // A GgmaError has a code of its own.
    assert.equal(systemCode(new GgmaError('OPTION', 'x')), null);
    assert.deepEqual(
      ['ENOENT', 'ENOTDIR', 'EACCES'].map((code) => isAbsent(failure(code))),
      [true, true, false],
    );
    assert.deepEqual(
      ['ENOSPC', 'EDQUOT', 'EFBIG', 'EIO'].map((code) => isDiskFull(failure(code))),
      [true, true, true, false],
    );
  });

  it('wraps what the system says, and nothing else', async () => {
    const missing = { path: 'nowhere', code: 'INPUT', expected: 'a readable file' } as const;
    await assert.rejects(
      withSystemErrors(missing, () => readFile('/no/such/file')),
      {
        code: 'INPUT',
        path: 'nowhere',
        message: 'expected a readable file, got: no such file or folder (ENOENT)',
      },
    );
    await assert.rejects(
      withSystemErrors(missing, () => writeFile('/', 'x')),
      { code: 'INPUT', message: /a folder instead of a file \(EISDIR\)/ },
    );
    const own = new GgmaError('CONFIG', 'mine');
    await assert.rejects(
      withSystemErrors(missing, () => Promise.reject(own)),
      (error) => error === own,
    );
    const plain = new TypeError('a fault of the program');
    assert.throws(
      () =>
        withSystemErrorsSync(missing, () => {
          throw plain;
        }),
      (error) => error === plain,
    );
    assert.equal(
      withSystemErrorsSync(missing, () => 5),
      5,
    );
  });
});
