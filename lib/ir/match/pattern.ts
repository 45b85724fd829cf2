/** Small words for matching structure: what they look through, and how a failure says its reason. */
import { BuiltinOperator, BuiltinOptions, type OptionsOf } from '../../circle/index.ts';
import type { Op, Value } from '../graph/index.ts';
import { elementCount, intsOf, scalarOf } from '../graph/index.ts';

/** Thrown inside a matcher to give up with a reason; `attempt` turns it into a result. */
export class Mismatch extends Error {
  readonly op: Op | null;
  constructor(reason: string, op: Op | null = null) {
    super(reason);
    this.op = op;
  }
}

export type Attempt<T> = { ok: true; value: T } | { ok: false; reason: string; op: Op | null };

export function attempt<T>(match: () => T): Attempt<T> {
  try {
    return { ok: true, value: match() };
  } catch (error) {
    if (error instanceof Mismatch) return { ok: false, reason: error.message, op: error.op };
    throw error;
  }
}

/** The options of an operator when they are the given member of the union. */
export function optionsOf<K extends BuiltinOptions>(op: Op, type: K): OptionsOf<K> | undefined {
  return op.attributes.builtinOptionsType === type
    ? (op.attributes.builtinOptions as OptionsOf<K>)
    : undefined;
}

/** The value's producer when it is an operator of that code. */
export function producedBy(value: Value | null | undefined, code: BuiltinOperator): Op | undefined {
  const op = value?.producer;
  return op?.code === code ? op : undefined;
}

/** Dimension `axis` counted from the end when negative. */
export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/**
 * No fused activation and no shuffled weights (of FULLY_CONNECTED): both are 0 in every options table that has the field,
 * and whatever stands for the operator would lose them.
 */
export function isPlain(op: Op): boolean {
  const options = op.attributes.builtinOptions as Partial<
    Record<'fusedActivationFunction' | 'weightsFormat', number>
  > | null;
  return !options?.fusedActivationFunction && !options?.weightsFormat;
}

/** x · factor or x / factor with a constant scalar, in either operand order for the product. */
export function scaledBy(op: Op): { input: Value; factor: number } | undefined {
  const [a, b] = [op.input(0), op.input(1)];
  if (!a || !b || !isPlain(op)) return undefined;
  const [left, right] = [scalarOf(a), scalarOf(b)];
  if (op.code === BuiltinOperator.MUL && right !== undefined) return { input: a, factor: right };
  if (op.code === BuiltinOperator.MUL && left !== undefined) return { input: b, factor: left };
  if (op.code === BuiltinOperator.DIV && right !== undefined) return { input: a, factor: 1 / right };
  return undefined;
}

/** Whether the operator only gives its input's elements another shape, in the same flat order. */
export function keepsOrder(op: Op): boolean {
  const [input, output] = [dataInput(op), op.output];
  if (!input || !output || elementCount(input.shape) !== elementCount(output.shape)) return false;
  switch (op.code) {
    case BuiltinOperator.RESHAPE:
    case BuiltinOperator.EXPAND_DIMS:
    case BuiltinOperator.SQUEEZE:
    case BuiltinOperator.BROADCAST_TO:
      return true;
    case BuiltinOperator.TRANSPOSE: {
      const moved = intsOf(op.input(1))?.filter((axis) => input.shape[axis] !== 1);
      return moved?.every((axis, i) => i === 0 || moved[i - 1]! < axis) ?? false;
    }
    case BuiltinOperator.MUL:
    case BuiltinOperator.DIV:
      return scaledBy(op)?.factor === 1;
    default:
      return false;
  }
}

/** The input that carries the data of an order-keeping operator (× 1.0 may have it second). */
export function dataInput(op: Op): Value | undefined {
  return scaledBy(op)?.input ?? op.input(0);
}

/** Walks up through order-keeping operators; `seen` collects them. */
export function through(value: Value, seen?: Set<Op>, keeps = keepsOrder): Value {
  let at = value;
  for (let op = at.producer; op && keeps(op); op = at.producer) {
    const next = dataInput(op);
    if (!next) break;
    seen?.add(op);
    at = next;
  }
  return at;
}

/** Both operands of a two-input operator, in both orders: try each until the matcher takes one. */
export function eitherOrder<T>(op: Op, take: (first: Value, second: Value) => T | undefined): T | undefined {
  const [a, b] = [op.input(0), op.input(1)];
  if (!a || !b) return undefined;
  return take(a, b) ?? take(b, a);
}

/** The half-open range of the last axis that a STRIDED_SLICE takes, when all other axes are whole. */
export function lastAxisSlice(op: Op): { input: Value; begin: number; end: number } | undefined {
  const input = op.input(0);
  if (op.code !== BuiltinOperator.STRIDED_SLICE || !input) return undefined;
  const options = optionsOf(op, BuiltinOptions.StridedSliceOptions);
  const [begin, end, strides] = [1, 2, 3].map((i) => intsOf(op.input(i)));
  if (!options || !begin || !end || !strides) return undefined;
  if (options.ellipsisMask || options.newAxisMask || options.shrinkAxisMask || options.offset)
    return undefined;
  const last = input.shape.length - 1;
  if (begin.length !== last + 1 || strides.some((stride) => stride !== 1)) return undefined;
  const from = (i: number) => (options.beginMask & (1 << i) ? 0 : clamp(begin[i]!, input.shape[i]!));
  const to = (i: number) => (options.endMask & (1 << i) ? input.shape[i]! : clamp(end[i]!, input.shape[i]!));
  for (let i = 0; i < last; i++) if (from(i) !== 0 || to(i) !== input.shape[i]) return undefined;
  return { input, begin: from(last), end: to(last) };
}

function clamp(index: number, size: number): number {
  return Math.min(Math.max(index < 0 ? index + size : index, 0), size);
}

/** Whether a TRANSPOSE swaps the last two axes and nothing else. */
export function swapsLastTwo(transpose: Op): boolean {
  const axes = intsOf(transpose.input(1));
  const rank = axes?.length ?? 0;
  const swapped = (i: number) => (i === rank - 2 ? rank - 1 : i === rank - 1 ? rank - 2 : i);
  return axes !== undefined && rank >= 2 && axes.every((axis, i) => axis === swapped(i));
}
