/** A small encoder of programs (layout: native/core/program.h) for tests that want no compiler in between. */
import type { Engine, Program } from '../../lib/native.ts';

export const NONE = 0xffffffff;
const f32 = new DataView(new ArrayBuffer(4));

/** The bits of a float operand. */
export function bits(value: number): number {
  f32.setFloat32(0, value, true);
  return f32.getUint32(0, true);
}

/** Numbers in [−1, 1), the same for the same seed. */
function noise(seed: number, count: number): Float32Array {
  let state = seed * 2654435761 + 12345;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 8) / 2 ** 23;
  });
}

export class ProgramWriter {
  readonly weights: { data: Float32Array | null; rows: number; cols: number }[] = [];
  readonly slots: number[] = [];
  readonly tables: number[] = [];
  readonly caches: [number, number][] = [];
  readonly steps: number[] = [];

  /** @param data null: it lies in a file, f32 like the others */
  weight(data: Float32Array | null, rows: number, cols: number): number {
    return this.weights.push({ data, rows, cols }) - 1;
  }
  /** Slots lie side by side: none shares memory. */
  slot(width: number): number {
    return this.slots.push(width) - 1;
  }
  table(width: number): number {
    return this.tables.push(width) - 1;
  }
  cache(kvHeads: number, headDim: number): number {
    return this.caches.push([kvHeads, headDim]) - 1;
  }
  step(opcode: number, flags: number, ...operands: number[]): void {
    this.steps.push(opcode, flags, ...operands);
  }

  /** All weights lie in one source, one behind the other. */
  encode(vocab: number, logits: number): { program: Uint8Array; sources: Uint8Array[] } {
    const source = this.weights.flatMap(({ data }) => {
      if (data === null) throw new Error('a weight that lies in a file');
      return [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
    });
    return { program: this.encodeProgram(vocab, logits), sources: [new Uint8Array(Buffer.concat(source))] };
  }

  encodeProgram(vocab: number, logits: number): Uint8Array {
    const starts: number[] = [];
    let width = 0;
    for (const slot of this.slots) {
      starts.push(width);
      width += slot;
    }
    const counts = [10 * this.weights.length, 2 * this.slots.length, this.tables.length];
    const outputs = [0, logits, vocab];
    counts.push(2 * this.caches.length, outputs.length, this.steps.length);
    const offsets: number[] = [];
    let end = 24;
    for (const count of counts) {
      offsets.push(end * 4);
      end += count + (count % 2);
    }
    const words = new Uint32Array(end);
    words.set([0x504d4747, 2, end * 4, width, 1, this.weights.length, offsets[0]!]);
    words.set([this.slots.length, offsets[1]!, this.tables.length, offsets[2]!], 7);
    words.set([this.caches.length, offsets[3]!, 1, offsets[4]!, this.steps.length, offsets[5]!], 11);
    let at = 0;
    for (const [i, { rows, cols }] of this.weights.entries()) {
      const bytes = 4 * rows * cols;
      words.set([0, 0, at, 0, bytes, 0, rows, cols], offsets[0]! / 4 + 10 * i);
      at += bytes;
    }
    words.set(
      this.slots.flatMap((slot, i) => [starts[i]!, slot]),
      offsets[1]! / 4,
    );
    words.set(this.tables, offsets[2]! / 4);
    words.set(this.caches.flat(), offsets[3]! / 4);
    words.set(outputs, offsets[4]! / 4);
    words.set(this.steps, offsets[5]! / 4);
    return new Uint8Array(words.buffer);
  }
}

export interface TinyShape {
  vocab: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  ff: number;
  layers: number;
}

export const tinyShape: TinyShape = {
  vocab: 101,
  hidden: 24,
  heads: 4,
  kvHeads: 2,
  headDim: 6,
  ff: 40,
  layers: 2,
};

/** A Llama with seeded weights: 2 tables (cos, sin), logits of the wanted rows. */
export function tinyLlama(shape: TinyShape = tinyShape): { program: Uint8Array; sources: Uint8Array[] } {
  const { vocab, hidden, heads, kvHeads, headDim, ff, layers } = shape;
  const w = new ProgramWriter();
  let seed = 1;
  const matrix = (rows: number, cols: number) =>
    w.weight(
      noise(seed++, rows * cols).map((x) => x / Math.sqrt(cols)),
      rows,
      cols,
    );
  const norm = () =>
    w.weight(
      noise(seed++, hidden).map((x) => 1 + x / 4),
      1,
      hidden,
    );
  const [cos, sin] = [w.table(headDim), w.table(headDim)];
  const [x, n, q, k, v] = [hidden, hidden, heads * headDim, kvHeads * headDim, kvHeads * headDim].map((s) =>
    w.slot(s),
  ) as [number, number, number, number, number];
  const [context, out, gate, up, last, logits] = [heads * headDim, hidden, ff, ff, hidden, vocab].map((s) =>
    w.slot(s),
  ) as [number, number, number, number, number, number];
  w.step(1, 0, x, w.weight(noise(seed++, vocab * hidden), vocab, hidden));
  for (let layer = 0; layer < layers; layer++) {
    w.step(3, 0, n, x, norm(), bits(1e-5), 1);
    w.step(2, 0, q, n, matrix(heads * headDim, hidden), NONE);
    w.step(2, 0, k, n, matrix(kvHeads * headDim, hidden), NONE);
    w.step(2, 0, v, n, matrix(kvHeads * headDim, hidden), NONE);
    const scale = bits(1 / Math.sqrt(headDim));
    const cache = w.cache(kvHeads, headDim);
    w.step(9, 0, context, q, k, v, cache, heads, kvHeads, headDim, scale, 0, cos, sin);
    w.step(2, 0, out, context, matrix(hidden, heads * headDim), NONE);
    w.step(5, 0, x, x, out);
    w.step(3, 0, n, x, norm(), bits(1e-5), 1);
    w.step(2, 0, gate, n, matrix(ff, hidden), NONE);
    w.step(2, 0, up, n, matrix(ff, hidden), NONE);
    w.step(4, 0, gate, gate, up);
    w.step(2, 0, out, gate, matrix(hidden, ff), NONE);
    w.step(5, 0, x, x, out);
  }
  w.step(10, 0, last, x);
  w.step(3, 1, last, last, norm(), bits(1e-5), 1);
  w.step(2, 1, logits, last, matrix(vocab, hidden), NONE);
  return w.encode(vocab, logits);
}

/** cos and sin rows of positions first … first + count − 1: [count, headDim] each. */
export function rotary(
  headDim: number,
  first: number,
  count: number,
): { cos: Float32Array; sin: Float32Array } {
  const angle = (i: number) => {
    const pair = (i % headDim) % (headDim / 2);
    return (first + Math.floor(i / headDim)) * 10000 ** ((-2 * pair) / headDim);
  };
  const make = (f: (x: number) => number) =>
    Float32Array.from({ length: count * headDim }, (_, i) => f(angle(i)));
  return { cos: make(Math.cos), sin: make(Math.sin) };
}

/** tinyLlama, ready for so many positions. */
export async function loadTiny(engine: Engine, positions = 300): Promise<Program> {
  const { program, sources } = tinyLlama();
  const loaded = await engine.loadProgram(program, sources);
  for (const source of sources) source.fill(255); // the engine has its own copy
  const { cos, sin } = rotary(tinyShape.headDim, 0, positions);
  loaded.setTable(0, 0, cos);
  loaded.setTable(1, 0, sin);
  return loaded;
}
