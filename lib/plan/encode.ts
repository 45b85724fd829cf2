/** Writes a program for the native decoder. What its sections hold stands in native/core/program.h. */
import { type ByteSource, FileRange } from '../circle/index.ts';
import type { Arena } from './arena.ts';
import type { ProgramBuilder } from './builder.ts';
import {
  HEADER_WORDS,
  header,
  limits,
  MAGIC,
  NONE,
  outputs,
  recordBytes,
  VERSION,
  WANTED_ROWS,
} from './format.ts';
import { instructions } from './instructions.ts';
import { expectAtMost } from './limits.ts';
import {
  dtypeNumbers,
  type Operand,
  operandsOf,
  type ProgramOutput,
  type Slot,
  type Weight,
} from './program.ts';

export interface Encoded {
  program: Uint8Array;
  /** The memories and parts of files that the weight records point into, by number. */
  sources: ByteSource[];
}

export function encodeProgram(
  builder: ProgramBuilder,
  arena: Arena,
  computed: readonly ProgramOutput[],
): Encoded {
  const slots = [...arena.offsets.keys()];
  const slotNumbers = new Map(slots.map((slot, i) => [slot, i]));
  const weightNumbers = new Map(builder.weights.map((weight, i) => [weight, i]));
  const stepWords = builder.steps.flatMap((step) => [
    instructions[step.opcode].number,
    step.wantedRows ? WANTED_ROWS : 0,
    slotNumbers.get(step.dst)!,
    ...operandsOf(step).map((operand) => wordOf(operand, slotNumbers, weightNumbers)),
  ]);
  const counts = {
    weights: builder.weights.length,
    slots: slots.length,
    tables: builder.tables.length,
    caches: builder.blocks.length,
    outputs: computed.length,
    steps: stepWords.length,
  };
  for (const [name, what] of Object.entries(countNames))
    expectAtMost(limits[name as keyof typeof countNames], what, counts[name as keyof typeof countNames]);
  expectAtMost(limits.stepWords, 'words of instructions', counts.steps);
  expectAtMost(limits.arenaWidth, 'intermediate values of a token', arena.width);
  const offsets = layOut(counts);
  const view = new DataView(new ArrayBuffer(offsets.end));
  const words = (offset: number, list: readonly number[]) => {
    list.forEach((word, i) => {
      view.setUint32(offset + 4 * i, word, true);
    });
  };
  const { sources, places } = gatherSources(builder.weights);
  const head = { magic: MAGIC, version: VERSION, length: offsets.end, arenaWidth: arena.width };
  for (const [name, word] of Object.entries({ ...head, sources: sources.length }))
    words(4 * header[name as keyof typeof header], [word]);
  for (const name of sectionNames) words(4 * header[name], [counts[name], offsets[name]]);
  builder.weights.forEach((weight, i) => {
    const at = offsets.weights + i * recordBytes.weights;
    const { source, offset } = places[i]!;
    words(at, [dtypeNumbers.get(weight.type)!, source]);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, BigInt(weight.data.byteLength), true);
    words(at + 24, [weight.rows, weight.cols]);
  });
  words(
    offsets.slots,
    slots.flatMap((slot) => [arena.offsets.get(slot)!, slot.width]),
  );
  words(
    offsets.tables,
    builder.tables.map((value) => value.shape.at(-1) ?? 1),
  );
  words(
    offsets.caches,
    builder.blocks.flatMap(({ kvHeads, headDim }) => [kvHeads, headDim]),
  );
  words(
    offsets.outputs,
    computed.flatMap(({ name, slot }) => [outputs[name], slotNumbers.get(slot)!, slot.width]),
  );
  words(offsets.steps, stepWords);
  return { program: new Uint8Array(view.buffer), sources };
}

/** Sections whose number of records is limited, in the words of a message. */
const countNames = {
  weights: 'weights',
  slots: 'values of a token',
  tables: 'position tables',
  caches: 'attention layers',
} as const;

type Section = keyof typeof recordBytes;
const sectionNames = Object.keys(recordBytes) as Section[];

/** Byte offsets of the sections behind the header. Each is a multiple of 8, as the decoder demands. */
function layOut(counts: Readonly<Record<Section, number>>): Record<Section | 'end', number> {
  let at = HEADER_WORDS * 4;
  const offsets = {} as Record<Section | 'end', number>;
  for (const name of sectionNames) {
    offsets[name] = at;
    at += Math.ceil((counts[name] * recordBytes[name]) / 8) * 8;
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
      return slots.get(operand.value)!;
    case 'matrix':
    case 'vector?':
      return operand.value === null ? NONE : weights.get(operand.value)!;
    case 'table?':
      return operand.value ?? NONE;
    case 'cache':
    case 'count':
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
