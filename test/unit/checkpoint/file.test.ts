import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointFile } from '../../../lib/checkpoint/file.ts';
import { scratchFolder } from '../../support/checkpoint.ts';

const codes = { read: 'SAFETENSORS_READ', truncated: 'SAFETENSORS_TRUNCATED' } as const;

describe('checkpoint/file', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let path = '';
  beforeEach(() => {
    scratch = scratchFolder();
    path = join(scratch.path, 'file');
    writeFileSync(path, Buffer.from([1, 2, 3, 4, 5]));
  });
  afterEach(() => scratch.remove());

  it('reads anywhere, now and later', () => {
    const file = new CheckpointFile(path, codes);
    assert.equal(file.size, 5);
    assert.deepEqual([...file.read(1, 3)], [2, 3, 4]);
    const part = file.part(2, 3);
    assert.deepEqual([...part.read()], [3, 4, 5]);
    const target = new Uint8Array(2);
    part.copyTo(target, 1);
    assert.deepEqual([...target], [4, 5]);
  });

  it('fault 7: says that a file is absent, a folder, or too short', () => {
    assert.throws(() => new CheckpointFile(join(scratch.path, 'absent'), codes), {
      code: 'SAFETENSORS_READ',
      message: /ENOENT/,
    });
    mkdirSync(join(scratch.path, 'dir'));
    assert.throws(() => new CheckpointFile(join(scratch.path, 'dir'), codes), { code: 'SAFETENSORS_READ' });
    assert.throws(() => new CheckpointFile(path, codes).read(3, 4), {
      code: 'SAFETENSORS_TRUNCATED',
      message: 'expected 4 bytes at byte 3, got 2',
      path,
    });
  });

  it('fault 39: a file that changes while an export reads it ends the export', () => {
    const changes: (() => void)[] = [
      () => appendFileSync(path, 'x'),
      () => utimesSync(path, 1, 1),
      () => rmSync(path),
    ];
    for (const change of changes) {
      writeFileSync(path, Buffer.from([1, 2, 3, 4, 5]));
      const part = new CheckpointFile(path, codes).part(0, 5);
      part.read();
      change();
      assert.throws(() => part.read(), { code: /^(CHECKPOINT_CHANGED|SAFETENSORS_READ)$/, path });
    }
  });
});
