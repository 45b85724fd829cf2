import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { f16 } from '../../../lib/checkpoint/dtypes.ts';
import { CheckpointFile } from '../../../lib/checkpoint/file.ts';
import type { CheckpointTensor } from '../../../lib/checkpoint/index.ts';
import { partOf, rowsOf, rowsReordered } from '../../../lib/checkpoint/ranges.ts';
import { type ByteSource, MadeUnits, readBytes } from '../../../lib/circle/index.ts';
import { scratchFolder } from '../../support/checkpoint.ts';

describe('checkpoint/ranges', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  before(() => {
    scratch = scratchFolder();
  });
  after(() => scratch.remove());

  // Six rows of three halves.
  const bytes = Uint8Array.from({ length: 36 }, (_, i) => i);
  const sources = (): [string, ByteSource][] => {
    const path = join(scratch.path, 'file');
    writeFileSync(path, Buffer.concat([Buffer.alloc(5), bytes, Buffer.alloc(3)]));
    const file = new CheckpointFile(path, { read: 'INPUT', truncated: 'INPUT' });
    const made = new MadeUnits(36, 4, (first, target) =>
      target.set(bytes.subarray(4 * first, 4 * first + target.byteLength)),
    );
    return [
      ['memory', bytes],
      ['file', file.part(5, 36)],
      ['made', made],
    ];
  };
  const matrix = (source: ByteSource): CheckpointTensor => ({
    ...{ name: 'w', dtype: f16, shape: [6, 3], source, path: 'file' },
  });

  it('gives parts of bytes in memory, in files and made ones, and parts of parts', () => {
    for (const [kind, source] of sources()) {
      const part = partOf(source, 7, 20);
      assert.deepEqual(readBytes(part), bytes.subarray(7, 27), kind);
      assert.deepEqual(readBytes(partOf(part, 3, 5)), bytes.subarray(10, 15), kind);
    }
  });

  it('takes rows', () => {
    for (const [kind, source] of sources()) {
      const rows = rowsOf(matrix(source), 2, 3);
      assert.deepEqual(rows.shape, [3, 3], kind);
      assert.deepEqual(readBytes(rows.source), bytes.subarray(12, 30), kind);
    }
  });

  it('reorders rows within groups', () => {
    const row = (i: number) => [...bytes.subarray(6 * i, 6 * i + 6)];
    for (const [kind, source] of sources()) {
      const turned = rowsReordered(matrix(source), [2, 0, 1]);
      assert.deepEqual([...readBytes(turned.source)], [2, 0, 1, 5, 3, 4].flatMap(row), kind);
      assert.deepEqual(readBytes(partOf(turned.source, 20, 9)), readBytes(turned.source).subarray(20, 29));
    }
  });
});
