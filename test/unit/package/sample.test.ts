import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sampleOf } from '../../../lib/package/index.ts';
import { scratchFolder } from '../../support/checkpoint.ts';

const SIZE = 100_003;

describe('package/prepared/sample', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  before(() => {
    scratch = scratchFolder();
  });
  after(() => scratch.remove());

  function sample(bytes: Uint8Array): Buffer {
    const path = join(scratch.path, 'file');
    writeFileSync(path, bytes);
    const fd = openSync(path, 'r');
    try {
      return Buffer.from(sampleOf(fd, bytes.length, path));
    } finally {
      closeSync(fd);
    }
  }

  it('has sixteen pieces from all over the file, its first and last bytes among them', () => {
    // Every byte says where it is: the sample then shows which bytes it was taken from.
    const words = new Uint32Array(Math.ceil(SIZE / 4)).map((_, i) => i);
    const bytes = new Uint8Array(words.buffer).subarray(0, SIZE);
    const taken = sample(bytes);
    assert.equal(taken.length, 16 * 1024);
    const starts = Array.from({ length: 16 }, (_, i) => {
      const piece = taken.subarray(1024 * i, 1024 * (i + 1));
      return Buffer.from(bytes).indexOf(piece);
    });
    assert.ok(
      starts.every((start) => start >= 0),
      starts.join(),
    );
    assert.equal(starts[0], 0);
    assert.equal(starts.at(-1), SIZE - 1024);
    const gaps = starts.slice(1).map((start, i) => start - starts[i]!);
    assert.ok(Math.max(...gaps) - Math.min(...gaps) <= 1, gaps.join());
  });

  it('differs where any of the pieces differs', () => {
    const bytes = new Uint8Array(SIZE);
    const before = sample(bytes);
    for (let i = 0; i < 16; i++) {
      const changed = bytes.slice();
      changed[Math.floor(((SIZE - 1024) * i) / 15) + 500] = 1;
      assert.notDeepEqual(sample(changed), before, `piece ${i}`);
    }
  });

  it('has every byte of a small file', () => {
    for (const size of [0, 1, 15, 16, 17, 1000, 16 * 1024]) {
      const bytes = new Uint8Array(size).fill(1);
      const before = sample(bytes);
      for (let at = 0; at < size; at += Math.max(1, size >> 6)) {
        const changed = bytes.slice();
        changed[at] = 2;
        assert.notDeepEqual(sample(changed), before, `byte ${at} of ${size}`);
      }
    }
  });
});
