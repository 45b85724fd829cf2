import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { GgmaError } from '../../../lib/errors.ts';
import {
  checkReplaceable,
  isFree,
  madeBy,
  replaceFolder,
  withLock,
  withoutTemporaryName,
} from '../../../lib/make/folder.ts';
import { scratchFolder } from '../../support/checkpoint.ts';

describe('make/folder', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let dir = '';
  beforeEach(() => {
    scratch = scratchFolder();
    dir = join(scratch.path, 'x');
  });
  afterEach(() => scratch.remove());

  /** The number of a process that is no more. */
  const deadPid = () => spawnSync(process.execPath, ['-e', '0']).pid;

  it('fault 47: two at once: the second is told, and changes nothing', async () => {
    let inside = 0;
    await withLock(dir, async () => {
      inside++;
      assert.equal(await isFree(dir), false);
      await assert.rejects(
        withLock(dir, async () => inside++),
        { code: 'LOCKED', path: `${dir}.lock`, message: new RegExp(String(process.pid)) },
      );
    });
    assert.equal(inside, 1);
    assert.deepEqual(readdirSync(scratch.path), []);
    await withLock(dir, async () => inside++);
    assert.equal(inside, 2);
  });

  it('tells a folder of a newer ggma from one that is somebody else’s', async () => {
    mkdirSync(dir);
    const path = join(dir, 'ggma.json');
    assert.equal(await madeBy(dir), null);
    for (const text of ['{', '{"format": 1, "made": "cake"}']) {
      writeFileSync(path, text);
      assert.equal(await madeBy(dir), null);
      await assert.rejects(checkReplaceable(dir, 'package', false), { code: 'OUTPUT_EXISTS' });
    }
    writeFileSync(path, '{"format": 2, "made": "package", "files": {}}');
    await assert.rejects(madeBy(dir), { code: 'PACKAGE_VERSION', path });
    await assert.rejects(checkReplaceable(dir, 'package', false), { code: 'PACKAGE_VERSION', path });
    await checkReplaceable(dir, 'package', true);
    writeFileSync(path, '{"format": 1, "made": "package", "files": {}}');
    await checkReplaceable(dir, 'package', false);
    await assert.rejects(checkReplaceable(dir, 'import', false), { code: 'OUTPUT_EXISTS' });
  });

  it('errors name the folder that the user knows, in message, path and no other part', async () => {
    const [temporary, shown] = ['build/x.part', 'owner/x@1'];
    const fail = (error: unknown) => withoutTemporaryName(temporary, shown, () => Promise.reject(error));
    const values = { promptTokens: 1 };
    const cause = new GgmaError('CONFIG', `bad ${temporary}/a`, { path: `${temporary}/a`, values });
    await assert.rejects(fail(cause), {
      ...{ code: 'CONFIG', message: 'bad owner/x@1/a', path: 'owner/x@1/a', values, cause },
    });
    for (const other of [new GgmaError('CONFIG', 'bad', { path: 'b' }), new Error(temporary)])
      await assert.rejects(fail(other), (error) => error === other);
    assert.equal(await withoutTemporaryName(temporary, shown, async () => 1), 1);
  });

  it('gives the lock back when the work fails', async () => {
    const boom = new Error('boom');
    await assert.rejects(
      withLock(dir, () => Promise.reject(boom)),
      (error) => error === boom,
    );
    assert.deepEqual(readdirSync(scratch.path), []);
  });

  it('takes over the lock of a process that is no more, and of no other', async () => {
    writeFileSync(`${dir}.lock`, `${deadPid()} ${hostname()}\n`);
    assert.equal(await isFree(dir), true);
    assert.equal(await withLock(dir, async () => 7), 7);
    assert.deepEqual(readdirSync(scratch.path), []);
    for (const holder of [`${deadPid()} another-host\n`, `1 ${hostname()}\n`, '', 'junk']) {
      writeFileSync(`${dir}.lock`, holder);
      await assert.rejects(
        withLock(dir, async () => {}),
        { code: 'LOCKED' },
        holder,
      );
      assert.equal(readFileSync(`${dir}.lock`, 'utf8'), holder);
    }
  });

  it('of many that find a dead lock, one at a time works', async () => {
    writeFileSync(`${dir}.lock`, `${deadPid()} ${hostname()}\n`);
    let inside = 0;
    let worked = 0;
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        withLock(dir, async () => {
          assert.equal(++inside, 1);
          await new Promise((done) => setTimeout(done, 20));
          inside--;
          worked++;
        }),
      ),
    );
    assert.ok(worked >= 1);
    for (const result of results)
      if (result.status === 'rejected') assert.equal((result.reason as { code: string }).code, 'LOCKED');
  });

  it('replaces a folder whole, and leaves the old one when that fails', async () => {
    const from = join(scratch.path, 'new');
    mkdirSync(dir);
    mkdirSync(from);
    writeFileSync(join(dir, 'a'), 'old');
    writeFileSync(join(from, 'a'), 'new');
    await replaceFolder(dir, from);
    assert.equal(readFileSync(join(dir, 'a'), 'utf8'), 'new');
    await assert.rejects(replaceFolder(dir, join(scratch.path, 'nowhere')), { code: 'OUTPUT', path: dir });
    assert.equal(readFileSync(join(dir, 'a'), 'utf8'), 'new');
    assert.deepEqual(readdirSync(scratch.path), ['x']);
    assert.ok(!existsSync(from));
  });
});
