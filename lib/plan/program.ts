/**
 * The words of a program: what `lowerings.ts` emits, `arena.ts` places and `encode.ts` writes. The byte layout and
 * the meaning of every instruction stand in native/core/program.h; the numbers here must agree with it.
 */

import { type ByteSource, FileRange, sameBytes, TensorType } from '../circle/index.ts';
import type { Value } from '../ir/graph/index.ts';

/** Left-out operand. */
export const NONE = 0xffffffff;

export const Opcode = {
  gather: 1,
  matmul: 2,
  rmsNorm: 3,
  siluMul: 4,
  add: 5,
  mul: 6,
  scale: 7,
  silu: 8,
  attention: 9,
  select: 10,
  gelu: 11,
  geluTanh: 12,
} as const;

export type OpcodeName = keyof typeof Opcode;

/** Types that weights may have, and their numbers in a program. */
export const DTYPES: ReadonlyMap<TensorType, number> = new Map([
  [TensorType.FLOAT32, 0],
  [TensorType.FLOAT16, 1],
  [TensorType.BFLOAT16, 2],
  [TensorType.GGML_Q8_0, 3],
  [TensorType.GGML_Q4_0, 4],
]);

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

/** An operand: a slot read or written, a weight, an index, a float. */
export type Operand =
  | { kind: 'slot'; slot: Slot }
  | { kind: 'weight'; weight: Weight | null }
  | { kind: 'table'; index: number | null }
  | { kind: 'word'; value: number }
  | { kind: 'float'; value: number };

export interface Step {
  opcode: OpcodeName;
  /** The first operand is the slot that the step writes. */
  dst: Slot;
  operands: Operand[];
  /** Runs over the rows whose logits are wanted only. */
  wantedRows: boolean;
  /** The graph's value that it makes, or a part of it: for messages. */
  origin: Value | null;
}

export const slot = (value: Slot): Operand => ({ kind: 'slot', slot: value });
export const weight = (value: Weight | null): Operand => ({ kind: 'weight', weight: value });
export const table = (index: number | null): Operand => ({ kind: 'table', index });
export const word = (value: number): Operand => ({ kind: 'word', value });
export const float = (value: number): Operand => ({ kind: 'float', value });

/** The slots that a step reads. */
export function sourcesOf(step: Step): Slot[] {
  return step.operands.flatMap((operand) => (operand.kind === 'slot' ? [operand.slot] : []));
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
