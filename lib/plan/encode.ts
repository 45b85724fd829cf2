/** Writes a program for the native decoder. Layout: native/core/program.h. */
import { type ByteSource, FileRange } from '../circle/index.ts';
import type { Arena } from './arena.ts';
import type { ProgramBuilder } from './builder.ts';
import { HEADER_WORDS, MAGIC, VERSION, WEIGHT_BYTES } from './packed.ts';
import { DTYPES, NONE, Opcode, type Operand, type Slot, type Weight } from './program.ts';

export interface Encoded {
  program: Uint8Array;
  /** The memories and parts of files that the weight records point into, by number. */
  sources: ByteSource[];
}

export function encodeProgram(builder: ProgramBuilder, arena: Arena, logits: Slot): Encoded {
  const slots = [...arena.offsets.keys()];
  const slotNumbers = new Map(slots.map((slot, i) => [slot, i]));
  const weightNumbers = new Map(builder.weights.map((weight, i) => [weight, i]));
  const stepWords = builder.steps.flatMap((step) => [
    Opcode[step.opcode],
    step.wantedRows ? 1 : 0,
    slotNumbers.get(step.dst)!,
    ...step.operands.map((operand) => wordOf(operand, slotNumbers, weightNumbers)),
  ]);
  const sizes = {
    weights: builder.weights.length * WEIGHT_BYTES,
    slots: slots.length * 8,
    tables: builder.tables.length * 4,
    caches: builder.blocks.length * 8,
    steps: stepWords.length * 4,
  };
  const offsets = layOut(sizes);
  const view = new DataView(new ArrayBuffer(offsets.end));
  const words = (offset: number, list: readonly number[]) => {
    list.forEach((word, i) => {
      view.setUint32(offset + 4 * i, word, true);
    });
  };
  const { sources, places } = gatherSources(builder.weights);
  words(0, [
    ...[MAGIC, VERSION, offsets.end, logits.width, arena.width, slotNumbers.get(logits)!, sources.length],
    ...[builder.weights.length, offsets.weights, slots.length, offsets.slots],
    ...[builder.tables.length, offsets.tables, builder.blocks.length, offsets.caches],
    ...[stepWords.length, offsets.steps],
  ]);
  builder.weights.forEach((weight, i) => {
    const at = offsets.weights + i * WEIGHT_BYTES;
    const { source, offset } = places[i]!;
    words(at, [DTYPES.get(weight.type)!, source]);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(weight.data.byteLength), true);
    words(at + 24, [weight.rows, weight.cols]);
  });
  slots.forEach((slot, i) => {
    words(offsets.slots + 8 * i, [arena.offsets.get(slot)!, slot.width]);
  });
  words(
    offsets.tables,
    builder.tables.map((value) => value.shape.at(-1) ?? 1),
  );
  words(
    offsets.caches,
    builder.blocks.flatMap(({ kvHeads, headDim }) => [kvHeads, headDim]),
  );
  words(offsets.steps, stepWords);
  return { program: new Uint8Array(view.buffer), sources };
}

/** Byte offsets of the sections, each a multiple of 8, behind the header. */
function layOut<K extends string>(sizes: Record<K, number>): Record<K | 'end', number> {
  let at = HEADER_WORDS * 4;
  const offsets = {} as Record<K | 'end', number>;
  for (const name of Object.keys(sizes) as K[]) {
    offsets[name] = at;
    at += Math.ceil(sizes[name] / 8) * 8;
  }
  offsets.end = at;
  return offsets;
}

interface Place {
  source: number;
  /** From the source's start. */
  offset: number;
}

/**
 * Weights are parts of few large memories or files (the model as it was read): each of those is one source. Of a file
 * the source is the range from its first weight to the end of its last.
 */
export function gatherSources(weights: readonly { data: ByteSource }[]): {
  sources: ByteSource[];
  places: Place[];
} {
  const numbers = new Map<unknown, number>();
  const sources: ByteSource[] = [];
  const numberOf = (whole: unknown, source: () => ByteSource): number => {
    const known = numbers.get(whole) ?? sources.push(source()) - 1;
    numbers.set(whole, known);
    return known;
  };
  const spans = new Map<number, { start: number; end: number }>();
  for (const { data } of weights) {
    if (!(data instanceof FileRange)) continue;
    const { start, end } = spans.get(data.fd) ?? { start: Infinity, end: 0 };
    spans.set(data.fd, {
      start: Math.min(start, data.offset),
      end: Math.max(end, data.offset + data.byteLength),
    });
  }
  const places = weights.map(({ data }): Place => {
    if (data instanceof Uint8Array)
      return { source: numberOf(data.buffer, () => new Uint8Array(data.buffer)), offset: data.byteOffset };
    if (!(data instanceof FileRange)) return { source: numberOf(data, () => data), offset: 0 };
    const { start, end } = spans.get(data.fd)!;
    const source = numberOf(data.fd, () => new FileRange(data.fd, start, end - start, data.path));
    return { source, offset: data.offset - start };
  });
  return { sources, places };
}

function wordOf(operand: Operand, slots: Map<Slot, number>, weights: Map<Weight, number>): number {
  switch (operand.kind) {
    case 'slot':
      return slots.get(operand.slot)!;
    case 'weight':
      return operand.weight === null ? NONE : weights.get(operand.weight)!;
    case 'table':
      return operand.index ?? NONE;
    case 'word':
      return operand.value;
    case 'float':
      return floatWord(operand.value);
  }
}

const scratch = new DataView(new ArrayBuffer(4));

function floatWord(value: number): number {
  scratch.setFloat32(0, value, true);
  return scratch.getUint32(0, true);
}
