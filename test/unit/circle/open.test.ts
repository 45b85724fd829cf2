import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  chunksOf,
  type FileLayout,
  FileRange,
  layOut,
  type Model,
  openModel,
  readBytes,
  readModel,
  readStore,
  SegmentRange,
  SegmentStore,
  sameBytes,
  writeModel,
} from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { goldenBytes, goldenFiles, needShared } from '../../support/goldens.ts';
import { seeded } from '../../support/mutate.ts';
import { randomModel } from '../../support/random-model.ts';
import { weightsModel } from '../../support/weights-model.ts';

/** The model with all its constants in memory. */
function loaded(model: Model): Model {
  const buffers =
    model.buffers?.map(({ data }) => ({ data: data && Uint8Array.from(readBytes(data)) })) ?? null;
  return { ...model, buffers };
}

/** A file in pieces of `size` bytes, as a pipe might have brought it. */
/** The pieces together; each is valid until the next one only. */
function gathered(layout: FileLayout): Buffer {
  const copies: Uint8Array[] = [];
  for (const piece of chunksOf(layout)) copies.push(Uint8Array.from(piece));
  return Buffer.concat(copies);
}

function segmented(bytes: Uint8Array, size: number): SegmentStore {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  return new SegmentStore(pieces, size);
}

function hasCode(code: string, message?: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof GgmaError &&
    error.code === code &&
    (message === undefined || message.test(error.message));
}

describe('circle/open', () => {
  let dir = '';
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'ggma-open-'));
  });
  after(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  const written = (name: string, bytes: Uint8Array): string => {
    const file = join(dir, name);
    writeFileSync(file, bytes);
    return file;
  };

  it('reads golden files by ranges as it reads them in memory, and writes the same bytes', function () {
    needShared.call(this);
    let ranges = 0;
    for (const name of goldenFiles()) {
      const bytes = goldenBytes(name);
      const opened = openModel(written('golden.circle', bytes));
      try {
        const inMemory = readModel(bytes);
        ranges += opened.model.buffers!.filter(({ data }) => data instanceof FileRange).length;
        assert.deepEqual(loaded(opened.model), loaded(inMemory), name);
        assert.equal(Buffer.compare(gathered(layOut(opened.model)), writeModel(inMemory)), 0, name);
        opened.assertUnchanged();
      } finally {
        opened.close();
      }
    }
    assert.ok(ranges > 0, 'expected constants as ranges');
  });

  it('reads a file in pieces, whatever the borders cut through', () => {
    for (const seed of [1, 2]) {
      const model = randomModel(seeded(seed));
      for (const externalBuffers of [false, true]) {
        const bytes = writeModel(model, { externalBuffers });
        for (const size of [1000, 4096, 100_003, bytes.length])
          assert.deepEqual(loaded(readStore(segmented(bytes, size))), model, `pieces of ${size}`);
      }
    }
  });

  it('reads a Buffer like any bytes, a part of a larger one too', () => {
    const model = randomModel(seeded(4));
    const bytes = writeModel(model);
    const larger = Buffer.concat([Buffer.alloc(100), bytes, Buffer.alloc(9)]);
    assert.deepEqual(readModel(larger.subarray(100, 100 + bytes.length)), model);
  });

  it('takes a constant over borders as a list of pieces, and copies none', () => {
    const data = Uint8Array.from({ length: 4096 }, (_, i) => i & 255);
    const bytes = writeModel(weightsModel([data]));
    const range = readStore(segmented(bytes, 512)).buffers![1]!.data!;
    assert.ok(range instanceof SegmentRange && range.pieces.length >= 8);
    assert.ok(sameBytes(range, data));
    const part = new Uint8Array(700);
    range.copyTo(part, 301);
    assert.deepEqual(part, data.slice(301, 1001));
    assert.equal(Buffer.compare(gathered(layOut(readStore(segmented(bytes, 512)))), bytes), 0);
  });

  it('reads a descriptor at its places, and leaves it open', () => {
    const file = written('fd.circle', writeModel(weightsModel([new Uint8Array(4096).fill(7)])));
    const fd = openSync(file, 'r');
    const opened = openModel(fd, 'standard input');
    opened.close();
    assert.ok(sameBytes(opened.model.buffers![1]!.data!, new Uint8Array(4096).fill(7)));
    closeSync(fd);
  });

  it('reads a pipe to its end', async () => {
    const bytes = writeModel(weightsModel([new Uint8Array(20 * 2 ** 20).fill(3)]));
    const script = `
      import { openModel, sameBytes } from ${JSON.stringify(new URL('../../../lib/circle/index.ts', import.meta.url))};
      const { model, whole } = openModel(0);
      const { data } = model.buffers[1];
      console.log(whole.byteLength, data.constructor.name, sameBytes(data, new Uint8Array(data.byteLength).fill(3)));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(bytes);
    let output = '';
    for await (const chunk of child.stdout) output += chunk;
    assert.equal(output, `${bytes.length} SegmentRange true\n`);
  });

  it('fault 39: says so when the file changes under it', () => {
    const weights = new Uint8Array(2 ** 20).fill(1);
    const bytes = writeModel(weightsModel([weights]));
    const grown = openModel(written('grown.circle', bytes));
    appendFileSync(join(dir, 'grown.circle'), 'more');
    assert.throws(
      () => grown.assertUnchanged(),
      hasCode('CIRCLE_CHANGED', /expected the file to stay as it is/),
    );
    const cut = openModel(written('cut.circle', bytes));
    truncateSync(join(dir, 'cut.circle'), bytes.length - 1000);
    assert.throws(
      () => readBytes(cut.model.buffers![1]!.data!),
      hasCode('CIRCLE_CHANGED', /has become shorter/),
    );
    const rewritten = openModel(written('rewritten.circle', bytes));
    const fd = openSync(join(dir, 'rewritten.circle'), 'r+');
    writeSync(fd, 'X', bytes.length - 1);
    closeSync(fd);
    // A write within the clock's tick of the first one would not be seen: the size is the same.
    const future = Date.now() / 1000 + 10;
    utimesSync(join(dir, 'rewritten.circle'), future, future);
    assert.throws(() => rewritten.assertUnchanged(), hasCode('CIRCLE_CHANGED'));
    for (const opened of [grown, cut, rewritten]) opened.close();
  });

  it('fault 12: refuses what is not there, no file, empty, or no Circle file, with its name', () => {
    const cases: [string, string, RegExp][] = [
      [join(dir, 'absent.circle'), 'INPUT', /ENOENT/],
      [dir, 'INPUT', /EISDIR/],
      [written('empty.circle', new Uint8Array(0)), 'CIRCLE_CORRUPT', /got no bytes/],
      [written('short.circle', new Uint8Array(7)), 'CIRCLE_CORRUPT', /identifier CIR0/],
      [written('text.circle', Buffer.from('this is no model')), 'CIRCLE_CORRUPT', /identifier CIR0/],
    ];
    for (const [file, code, message] of cases)
      assert.throws(
        () => openModel(file),
        (error) => hasCode(code, message)(error) && (error as GgmaError).path === file,
        file,
      );
  });
});
