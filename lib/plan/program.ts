/**
 * Steps as objects: what `lowerings.ts` emits, `arena.ts` places and `encode.ts` writes. What each instruction computes
 * and how its operands are called stands in `instructions.ts`.
 */

import { type ByteSource, FileRange, sameBytes, TensorType } from '../circle/index.ts';
import type { Value } from '../ir/graph/index.ts';
import { dtypes, type OutputName } from './format.ts';
import { type Instructions, instructions, type OpcodeName, type OperandKind } from './instructions.ts';

/** Types that weights may have, and their numbers in a program. */
export const dtypeNumbers: ReadonlyMap<TensorType, number> = new Map(
  Object.values(dtypes).map(({ type, number }) => [TensorType[type], number]),
);

/** A row vector of `width` floats that one step writes. */
export interface Slot {
  width: number;
}

/** A constant that kernels read: a matrix [rows, cols] = [outputs, inputs], or a vector with rows = 1. */
export interface Weight {
  type: TensorType;
  /** In memory, or in a file. */
  data: ByteSource;
  rows: number;
  cols: number;
  /** The tensor's name, for messages and `explain`. */
  name: string;
}

/** Something that the program computes for each wanted row, in a slot that lives to the end. */
export interface ProgramOutput {
  name: OutputName;
  slot: Slot;
}

/** What stands for an operand of each kind in a step. null: it is left out. */
interface OperandValues {
  slot: Slot;
  matrix: Weight;
  'vector?': Weight | null;
  /** Place in the builder's list of tables. */
  'table?': number | null;
  /** Place in the builder's list of attention blocks. */
  cache: number;
  count: number;
  float: number;
}

type Kinds<O extends OpcodeName> = Instructions[O]['operands'];

/** The operands of an instruction by name, `dst` not among them. */
export type OperandsOf<O extends OpcodeName> = {
  -readonly [N in keyof Kinds<O>]: OperandValues[Kinds<O>[N] & OperandKind];
};

export interface StepOf<O extends OpcodeName> {
  opcode: O;
  /** The slot that the step writes. */
  dst: Slot;
  operands: OperandsOf<O>;
  /** Runs over the rows whose logits are wanted only. */
  wantedRows: boolean;
  /** The graph's value that the step computes, or a part of it: for messages. */
  origin: Value | null;
}

export type Step = { [O in OpcodeName]: StepOf<O> }[OpcodeName];

/** One operand of a step, with what the table says of it. */
export type Operand = {
  [K in OperandKind]: { name: string; kind: K; value: OperandValues[K] };
}[OperandKind];

/** The operands of a step in the order of their words. */
export function operandsOf(step: Step): Operand[] {
  const values: Readonly<Record<string, unknown>> = step.operands;
  return Object.entries<OperandKind>(instructions[step.opcode].operands).map(
    ([name, kind]) => ({ name, kind, value: values[name] }) as Operand,
  );
}

/** The slots that a step reads. */
export function sourcesOf(step: Step): Slot[] {
  return operandsOf(step).flatMap((operand) => (operand.kind === 'slot' ? [operand.value] : []));
}

/** Makes a step read other slots. */
export function replaceSources(step: Step, replacement: (source: Slot) => Slot): void {
  const values: Record<string, unknown> = step.operands;
  for (const operand of operandsOf(step))
    if (operand.kind === 'slot') values[operand.name] = replacement(operand.value);
}

/** Whether two weights are one memory, or have the same bytes; undefined when they differ. */
export function sameWeight(a: Weight, b: Weight): 'shared' | 'equal' | undefined {
  if (a.type !== b.type || a.rows !== b.rows || a.cols !== b.cols) return undefined;
  if (isSamePlace(a.data, b.data)) return 'shared';
  return sameBytes(a.data, b.data) ? 'equal' : undefined;
}

function isSamePlace(a: ByteSource, b: ByteSource): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array)
    return a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.byteLength === b.byteLength;
  if (a instanceof FileRange && b instanceof FileRange)
    return a.fd === b.fd && a.offset === b.offset && a.byteLength === b.byteLength;
  return a === b;
}
