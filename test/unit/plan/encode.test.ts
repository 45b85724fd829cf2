import assert from 'node:assert/strict';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileRange, readBytes, SegmentRange } from '../../../lib/circle/index.ts';
import { gatherSources } from '../../../lib/plan/encode.ts';
import { compile } from '../../../lib/plan/index.ts';
import { scratchFolder } from '../../support/checkpoint.ts';
import { NativeRun } from '../../support/native-run.ts';
import { decodeOnly, tinyPackage } from '../../support/tiny-model.ts';

describe('plan/encode', () => {
  it('makes one source of each memory', () => {
    const [first, second] = [new Uint8Array(100), new Uint8Array(50)];
    const weights = [first.subarray(10, 20), second.subarray(5), first.subarray(40, 44)].map((data) => ({
      data,
    }));
    const { sources, places } = gatherSources(weights);
    assert.deepEqual(
      sources.map(({ byteLength }) => byteLength),
      [100, 50],
    );
    assert.deepEqual(places, [
      { source: 0, offset: 10 },
      { source: 1, offset: 5 },
      { source: 0, offset: 40 },
    ]);
  });

  it('makes one source of each file, from its first weight to the end of its last', () => {
    const range = (fd: number, offset: number, length: number) => ({
      data: new FileRange(fd, offset, length, `file ${fd}`),
    });
    const huge = 5 * 2 ** 30;
    const memory = new Uint8Array(8);
    const pieces = new SegmentRange([new Uint8Array(3), new Uint8Array(5)]);
    const { sources, places } = gatherSources([
      range(7, huge + 64, 16),
      { data: memory },
      range(7, huge, 32),
      range(9, 4, 4),
      { data: pieces },
    ]);
    assert.deepEqual(sources, [
      new FileRange(7, huge, 80, 'file 7'),
      memory,
      new FileRange(9, 4, 4, 'file 9'),
      pieces,
    ]);
    assert.deepEqual(places, [
      { source: 0, offset: 64 },
      { source: 1, offset: 0 },
      { source: 0, offset: 0 },
      { source: 2, offset: 0 },
      { source: 3, offset: 0 },
    ]);
  });

  it('gives the same program of weights in a file, with the same logits', async () => {
    const scratch = scratchFolder();
    const file = join(scratch.path, 'weights');
    const inMemory = decodeOnly(tinyPackage());
    const inFile = decodeOnly(tinyPackage());
    const buffers = inFile.buffers.filter(({ data }) => data !== null);
    writeFileSync(file, Buffer.concat([Buffer.alloc(12), ...buffers.map(({ data }) => readBytes(data!))]));
    const fd = openSync(file, 'r');
    try {
      let at = 12;
      for (const buffer of buffers) {
        const { byteLength } = buffer.data!;
        buffer.data = new FileRange(fd, at, byteLength, file);
        at += byteLength;
      }
      assert.ok(buffers.length > 20);
      const logits = [];
      for (const module of [inMemory, inFile]) {
        const run = await NativeRun.open(compile(module));
        logits.push(await run.logits([3, 1, 4, 1, 5]));
        await run.close();
      }
      assert.equal(logits[0]!.length, 50);
      assert.deepEqual(logits[1], logits[0]);
    } finally {
      closeSync(fd);
      scratch.remove();
    }
  });
});
