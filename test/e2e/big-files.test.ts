/**
 * Filters on files larger than memory should have to hold. The files are sparse: tables and a mark at both ends of each
 * weight are written, the rest is a hole. Small ones always, those that pass the limits of buffers and offsets with
 * GGMA_LONG (`make test-long`).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chunksOf, FileRange, layOut, type Model, openModel } from '../../lib/circle/index.ts';
import { lift, lower } from '../../lib/ir/graph/index.ts';
import { quantizeModule } from '../../lib/passes/index.ts';
import { peakMemory } from '../../scripts/support/peak-memory.ts';
import { need } from '../support/need.ts';
import { root } from '../support/root.ts';
import { weightsModel } from '../support/weights-model.ts';

const long = process.env.GGMA_LONG === '1';
const MB = 2 ** 20;

interface Case {
  name: string;
  weights: number;
  weightSize: number;
  external: boolean;
  columns?: number;
}

const cases: Case[] = [
  { name: '64 MB, weights inside', weights: 8, weightSize: 8 * MB, external: false },
  { name: '64 MB, weights behind', weights: 8, weightSize: 8 * MB, external: true },
];
const longCases: Case[] = [
  { name: '1.1 GB, weights inside', weights: 17, weightSize: 66 * MB, external: false },
  { name: '4.1 GB, weights behind', weights: 33, weightSize: 128 * MB, external: true },
  {
    name: '4.2 GB, one weight beyond what a buffer holds',
    weights: 1,
    weightSize: 4300 * MB,
    external: true,
  },
];

// One matrix that goes from f32 to q8_0, a quarter of its size.
const wide: Case = { name: '64 MB of f32', weights: 1, weightSize: 64 * MB, external: true, columns: 64 };
const longWide: Case = { ...wide, name: '2 GB of f32', weightSize: 2048 * MB };

describe('filters on big files', () => {
  let scratch = '';
  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-big-'));
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  for (const one of long ? [...cases, ...longCases] : cases) {
    it(one.name, async function () {
      this.timeout(900_000);
      need(this, '64 MB of room for temporary files');
      const file = path.join(scratch, 'big.circle');
      const size = writeSparse(file, one);
      try {
        const expected = renamed(file);
        const bare = await runFilter(scratch, 'file', file, ['--help']);
        const fromFile = await runFilter(scratch, 'file', file);
        assert.deepEqual({ ...fromFile, peak: 0 }, { ...expected, peak: 0 });
        const fromPipe = await runFilter(scratch, 'pipe', file);
        assert.deepEqual({ ...fromPipe, peak: 0 }, { ...expected, peak: 0 });
        const above = (peak: number) => peak - bare.peak;
        console.log(
          `    ${(size / MB).toFixed(0)} MB; peak above a bare start: ${(above(fromFile.peak) / MB).toFixed(0)} MB by ranges, ` +
            `${(above(fromPipe.peak) / MB).toFixed(0)} MB from a pipe (${(fromPipe.peak / size).toFixed(2)} × the file in all)`,
        );
        // A file costs its tables and one block; a pipe the file, and what 8 MB pieces leave over.
        assert.ok(above(fromFile.peak) < 32 * MB, `${above(fromFile.peak)} bytes`);
        assert.ok(above(fromPipe.peak) < 1.3 * size, `${above(fromPipe.peak)} bytes`);
        if (size > 1024 * MB) assert.ok(fromPipe.peak < 1.3 * size, `${fromPipe.peak} bytes in all`);
      } finally {
        rmSync(file);
      }
    });
  }

  for (const one of long ? [wide, longWide] : [wide])
    it(`${one.name}, quantized`, async function () {
      this.timeout(900_000);
      need(this, '64 MB of room for temporary files');
      const file = path.join(scratch, 'big.circle');
      writeSparse(file, one, (n) => Buffer.from(Float32Array.of(n, -n / 2, 0, 0.25).buffer));
      try {
        const expected = quantized(file);
        const bare = await runFilter(scratch, 'file', file, ['--help'], 'quantize');
        const fromFile = await runFilter(scratch, 'file', file, ['--dtype', 'q8_0'], 'quantize');
        assert.deepEqual({ ...fromFile, peak: 0 }, { ...expected, peak: 0 });
        const above = fromFile.peak - bare.peak;
        console.log(`    peak above a bare start: ${(above / MB).toFixed(0)} MB`);
        assert.ok(above < 128 * MB, `${above} bytes`);
      } finally {
        rmSync(file);
      }
    });
});

/** Tables, and a mark of its own at both ends of each weight; the rest of the file is a hole. */
function writeSparse(
  file: string,
  { weights, weightSize, external, columns }: Case,
  markOf = (weight: number): Buffer => Buffer.from(`<weight ${weight}>`),
): number {
  const hole = new FileRange(-1, 0, weightSize, 'hole');
  const model = weightsModel(
    Array.from({ length: weights }, () => hole),
    columns,
  );
  const layout = layOut(model, { externalBuffers: external });
  const fd = openSync(file, 'w');
  try {
    writeSync(fd, layout.head, 0, layout.head.byteLength, 0);
    let marked = 0;
    for (const { position, data } of layout.parts) {
      if (data instanceof Uint8Array) writeSync(fd, data, 0, data.byteLength, position);
      else {
        marked++;
        const mark = markOf(marked);
        writeSync(fd, mark, 0, mark.byteLength, position);
        writeSync(fd, mark, 0, mark.byteLength, position + weightSize - mark.byteLength);
      }
    }
    assert.equal(marked, weights);
    ftruncateSync(fd, layout.size);
  } finally {
    closeSync(fd);
  }
  return layout.size;
}

interface Result {
  size: number;
  sha256: string;
  /** Of the filter, in bytes; 0 where there is none. */
  peak: number;
}

/** What `rename.io.remove_prefix` must make of the file. */
function renamed(file: string): Result {
  return written(file, (model) => {
    model.subgraphs![0]!.tensors![0]!.name = 'x';
    return model;
  });
}

/** And what `quantize --dtype q8_0` must. */
function quantized(file: string): Result {
  return written(file, (model) => {
    const module = lift(model);
    assert.equal(quantizeModule(module, { dtype: 'q8_0', keep: [] }).changed, 1);
    return lower(module);
  });
}

function written(file: string, change: (model: Model) => Model): Result {
  const input = openModel(file);
  try {
    const layout = layOut(change(input.model));
    const hash = createHash('sha256');
    let size = 0;
    for (const chunk of chunksOf(layout)) {
      hash.update(chunk);
      size += chunk.byteLength;
    }
    assert.equal(size, layout.size);
    return { size, sha256: hash.digest('hex'), peak: 0 };
  } finally {
    input.close();
  }
}

/** Runs the filter and hashes what it writes. */
async function runFilter(
  dir: string,
  way: 'file' | 'pipe',
  file: string,
  words = ['tico::'],
  name = 'rename.io.remove_prefix',
): Promise<Result> {
  const memory = peakMemory(dir);
  const filter = path.join(root, `dist/bin/${name}.js`);
  const fd = openSync(file, 'r');
  const source = way === 'pipe' ? spawn('cat', [file], { stdio: ['ignore', 'pipe', 'inherit'] }) : null;
  const child = spawn(process.execPath, [filter, ...words], {
    stdio: [source === null ? fd : source.stdout!, 'pipe', name === 'quantize' ? 'ignore' : 'inherit'],
    env: memory.env,
  });
  closeSync(fd);
  source?.stdout?.destroy();
  const hash = createHash('sha256');
  let size = 0;
  child.stdout!.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    size += chunk.byteLength;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(code, 0);
  return { size, sha256: hash.digest('hex'), peak: memory.largest() };
}
