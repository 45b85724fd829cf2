import assert from 'node:assert/strict';
import { copyBytes, readBytes, TensorType } from '../../../lib/circle/index.ts';
import { evaluate, widen } from '../../../lib/ir/evaluate/index.ts';
import { golden, needShared, tensorFor } from '../../support/goldens.ts';
import { apply, assertIdempotent, assertUntouched, bytesOfModule, reread } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'quantize';
const Q8 = ['--dtype', 'q8_0'];
const TEXT = `
  input ids i64[1,2]
  const table f32[4,64] = random 1
  const w f32[3,64] = random 2
  x = GATHER(table, ids)
  y = FULLY_CONNECTED(x, w, -)
  output y`;

const TYPES = {
  f16: TensorType.FLOAT16,
  bf16: TensorType.BFLOAT16,
  q8_0: TensorType.GGML_Q8_0,
  q4_0: TensorType.GGML_Q4_0,
};

describe('passes/quantize', () => {
  it('hit: the matrices of FULLY_CONNECTED and GATHER, in each type; errors are said', () => {
    for (const [dtype, type] of Object.entries(TYPES)) {
      const { module, value } = textGraph(TEXT);
      const outcome = apply(module, NAME, '--dtype', dtype);
      assert.deepEqual([outcome.changed, outcome.candidates, outcome.reasons], [2, 2, []]);
      assert.equal(outcome.notes?.length, 1);
      assert.match(
        outcome.notes![0]!,
        /^2 matrices FLOAT32 → \S+, \S+ kB → \S+ kB; error \S+ to \S+ % \(rms\), most in '(?:table|w)'; at most \S+, in '(?:table|w)'$/,
      );
      assert.deepEqual([value('table').type, value('w').type], [type, type]);
      assert.deepEqual([...value('w').shape], [3, 64]);
    }
  });

  it('what the notes say of the error is so', () => {
    const { module, value } = textGraph(TEXT);
    const before = new Float32Array(Uint8Array.from(readBytes(value('w').buffer.data!)).buffer);
    const { notes } = apply(module, NAME, '--dtype', 'q4_0', '--keep', 'table');
    const after = widen(TensorType.GGML_Q4_0, readBytes(value('w').buffer.data!), before.length);
    const errors = before.map((x, i) => after[i]! - x);
    const norm = (list: Float32Array) => Math.sqrt(list.reduce((sum, x) => sum + x * x, 0));
    const note = notes![0]!;
    assert.ok(note.startsWith("'w' FLOAT32 → GGML_Q4_0, 0.8 kB → 0.1 kB; "), note);
    const [, relative, largest] = /error ([\d.]+) % \(rms\), at most ([\d.]+)$/.exec(note)!;
    assert.ok(Math.abs(Number(relative) / 100 / (norm(errors) / norm(before)) - 1) < 0.01, note);
    assert.ok(Math.abs(Number(largest) / Math.max(...errors.map(Math.abs)) - 1) < 0.01, note);
  });

  it('near miss: vectors, rows that do not fill blocks, what is kept, what is no number', () => {
    const vector = TEXT.replaceAll('w f32[3,64]', 'w f32[64]').replace(
      'FULLY_CONNECTED(x, w, -)',
      'MUL(x, w)',
    );
    assert.equal(apply(textGraph(vector).module, NAME, ...Q8).changed, 1);
    const short = textGraph(TEXT.replaceAll('64]', '40]')).module;
    assertUntouched(short, /'table' has rows of 40, no multiple of 32/, NAME, ...Q8);
    const { module, value } = textGraph(TEXT);
    assert.match(apply(module, NAME, ...Q8, '--keep', 'ta*e').reasons.join(), /^'table' is to be kept$/);
    assert.deepEqual([value('table').type, value('w').type], [TensorType.FLOAT32, TensorType.GGML_Q8_0]);
    const huge = textGraph(TEXT.replace('= random 2', `= ${[1e6, ...Array(191).fill(0)].join(' ')}`)).module;
    assert.match(apply(huge, NAME, '--dtype', 'f16').reasons.join(), /'w' has 1000000, more than a half/);
    const nan = textGraph(TEXT.replace('= random 2', `= ${[...Array(191).fill(0), 'nan'].join(' ')}`)).module;
    assert.match(apply(nan, NAME, ...Q8).reasons.join(), /'w' has NaN at element 191/);
  });

  it('near miss: what is done with positions alone is no weight', () => {
    const rotary = `
      input ids i64[1,2]
      input position i64[1]
      const table f32[4,64] = random 1
      const angles f32[8,64] = random 2
      const turn f32[32,64] = random 3
      x = GATHER(table, ids)
      a = GATHER(angles, position)
      b = FULLY_CONNECTED(a, turn, -)
      output x
      output b`;
    const { module, value } = textGraph(rotary);
    const outcome = apply(module, NAME, ...Q8);
    assert.deepEqual([outcome.changed, outcome.candidates], [1, 1]);
    assert.deepEqual(
      ['table', 'angles', 'turn'].map((name) => value(name).type),
      [TensorType.GGML_Q8_0, TensorType.FLOAT32, TensorType.FLOAT32],
    );
  });

  it('shared value: read otherwise too, or an output, it stays; two readers are fine', () => {
    assert.match(
      apply(textGraph(`${TEXT}\nz = NEG(w)\noutput z`).module, NAME, ...Q8).reasons.join(),
      /^'w' is read by NEG as something else than weights of tokens$/,
    );
    assert.match(
      apply(textGraph(`${TEXT}\noutput w`).module, NAME, ...Q8).reasons.join(),
      /^'w' is a graph output$/,
    );
    assert.equal(
      apply(textGraph(`${TEXT}\nz = FULLY_CONNECTED(x, w, -)\noutput z`).module, NAME, ...Q8).changed,
      2,
    );
    // A tied embedding: one buffer, two tensors.
    const { module, value } = textGraph(
      TEXT.replace('const w f32[3,64] = random 2', 'const w f32[4,64] = random 1'),
    );
    value('w').buffer = value('table').buffer;
    const outcome = apply(module, NAME, ...Q8);
    assert.equal(outcome.changed, 1);
    assert.equal(value('w').buffer, value('table').buffer);
    assert.deepEqual([value('table').type, value('w').type], [TensorType.GGML_Q8_0, TensorType.GGML_Q8_0]);
  });

  it('numeric nearness: the graph computes the same, but for the rounding', () => {
    const run = ({ graph, value }: ReturnType<typeof textGraph>) =>
      Array.from(
        evaluate(graph, new Map([[value('ids'), tensorFor(value('ids'), [1, 3])]])).get(value('y'))!
          .data as Float32Array,
      );
    const exact = run(textGraph(TEXT));
    const scale = Math.max(...exact.map(Math.abs));
    const allowed = { f16: 1e-3, bf16: 1e-2, q8_0: 2e-2, q4_0: 0.25 };
    for (const [dtype, bound] of Object.entries(allowed)) {
      const text = textGraph(TEXT);
      apply(text.module, NAME, '--dtype', dtype);
      const error = Math.max(...run(text).map((x, i) => Math.abs(x - exact[i]!)));
      assert.ok(error > 0 && error < bound * scale, `${dtype}: ${error} of ${scale}`);
    }
  });

  it('the bytes come in any part, and through a file', () => {
    const { module, value } = textGraph(TEXT);
    apply(module, NAME, '--dtype', 'q4_0');
    const source = value('w').buffer.data!;
    const whole = readBytes(source);
    assert.equal(whole.byteLength, (3 * 64 * 18) / 32);
    for (const [from, size] of [
      [0, 1],
      [17, 2],
      [18, 18],
      [5, 70],
      [107, 1],
    ] as const) {
      const part = new Uint8Array(size);
      copyBytes(source, from, part);
      assert.deepEqual(part, whole.slice(from, from + size), `${size} bytes from ${from}`);
    }
    const read = reread(module).graphs[0]!.values.find(({ name }) => name === 'w')!;
    assert.deepEqual(Uint8Array.from(readBytes(read.buffer.data!)), whole);
  });

  it('idempotence, and from halves to blocks', () => {
    assertIdempotent(textGraph(TEXT).module, NAME, ...Q8);
    const { module, value } = textGraph(TEXT);
    apply(module, NAME, '--dtype', 'f16');
    assert.match(apply(module, NAME, ...Q8).notes!.join(), /FLOAT16 → GGML_Q8_0/);
    assert.equal(value('w').type, TensorType.GGML_Q8_0);
    assert.deepEqual(apply(module, NAME, ...Q8), {
      changed: 0,
      candidates: 0,
      what: 'matrices of weights',
      reasons: [],
      notes: [],
    });
  });

  it('wrong words', () => {
    for (const words of [[], ['--dtype'], ['--dtype', 'q9'], [...Q8, '--drop'], [...Q8, '--keep'], ['q8_0']])
      assert.throws(() => apply(textGraph(TEXT).module, NAME, ...words), { code: 'USAGE' }, words.join(' '));
  });

  it('a package of the reference: all weights, no table of positions, the same in both graphs', function () {
    needShared.call(this);
    const module = golden('probe/model.circle');
    const before = bytesOfModule(module).byteLength;
    const { changed, candidates } = apply(module, NAME, ...Q8);
    // 7 of each of 8 layers, the embedding and the head.
    assert.deepEqual([changed, candidates], [58, 58]);
    assert.ok(bytesOfModule(module).byteLength < before / 3);
  });
});
