/**
 * How operators become instructions. A lowering looks at the value it has to make, names the values it needs, and
 * emits steps. Every one of them works on each row by itself: that is the proof that the one-token graph is a program
 * over any number of rows. What no lowering takes is refused with the operator's path.
 */
import { BuiltinOperator, BuiltinOptions } from '../circle/index.ts';
import type { Op, Value } from '../ir/graph/index.ts';
import { Depends } from '../ir/graph/index.ts';
import {
  dataInput,
  eitherOrder,
  isPlain,
  matchGelu,
  matchRmsNorm,
  optionsOf,
  producedBy,
  scaledBy,
  through,
} from '../ir/match/index.ts';
import { lowerAttention } from './attention.ts';
import type { ProgramBuilder } from './builder.ts';
import type { OpcodeName } from './instructions.ts';
import { expectEpsilon } from './limits.ts';
import type { OperandsOf, Slot } from './program.ts';
import type { Context } from './recognise.ts';

/** What a lowering made of a value: the values of each row that it reads, and the steps to emit. */
export interface Lowered {
  reads: Value[];
  /** `sources` are the slots of `reads`; returns the slot that holds the value. */
  emit(builder: ProgramBuilder, sources: Slot[]): Slot;
}

export type Lowering = (value: Value, op: Op, context: Context) => Lowered | undefined;

/** One instruction; its operands are made when it is emitted, from the slots of what it reads. */
function step<O extends OpcodeName, Reads extends Value[]>(
  opcode: O,
  width: number,
  reads: readonly [...Reads],
  operands: (sources: { [I in keyof Reads]: Slot }, builder: ProgramBuilder) => OperandsOf<O>,
): Lowered {
  return {
    reads: [...reads],
    emit: (builder, sources) =>
      builder.emit(opcode, builder.slot(width), operands(sources as { [I in keyof Reads]: Slot }, builder)),
  };
}

const ofToken = (value: Value, { entry }: Context): boolean =>
  !value.isConstant && ((entry.depends.get(value) ?? 0) & Depends.token) !== 0;

/** Both hold a row of `value`'s elements, each element beside the one that it is combined with. */
function areAligned(value: Value, operands: Value[], context: Context): boolean {
  const { rows } = context.entry;
  return operands.every(
    (operand) =>
      ofToken(operand, context) &&
      rows.widthOf(operand) === rows.widthOf(value) &&
      (rows.count === 1 || String(operand.shape) === String(value.shape)),
  );
}

const attention: Lowering = (value, _op, context) => {
  const block = context.attention.get(value);
  return (
    block && {
      reads: [block.hidden],
      emit: (builder, [hidden]) => lowerAttention(builder, block, hidden!, context.windows.get(block.mask)!),
    }
  );
};

const gather: Lowering = (value, op, { entry }) => {
  const { rows, tokens } = entry;
  const [table, ids] = [op.input(0), op.input(1)];
  const options = optionsOf(op, BuiltinOptions.GatherOptions);
  if (op.code !== BuiltinOperator.GATHER || !table?.isConstant || table.shape.length !== 2) return undefined;
  if (!ids || options?.axis || options?.batchDims) return undefined;
  if (through(ids, undefined, rows.keepsOrder) !== tokens || table.shape[1] !== rows.widthOf(value))
    return undefined;
  return step('gather', rows.widthOf(value), [], (_, builder) => ({ weight: builder.matrix(table) }));
};

/** x · Wᵀ + b, the bias inside or added by an operator of its own. */
const matmul: Lowering = (value, op, context) => {
  const { rows } = context.entry;
  const add = op.code === BuiltinOperator.ADD && isPlain(op) ? op : undefined;
  const added = add && eitherOrder(add, (bias, rest) => (bias.isConstant ? { bias, rest } : undefined));
  const connected = added ? producedBy(added.rest, BuiltinOperator.FULLY_CONNECTED) : op;
  if (connected?.code !== BuiltinOperator.FULLY_CONNECTED || !isPlain(connected)) return undefined;
  const [input, matrix, inner] = connected.inputs;
  if (!input || !matrix?.isConstant || !ofToken(input, context)) return undefined;
  if (matrix.shape.length !== 2 || matrix.shape[1] !== rows.widthOf(input)) return undefined;
  if (matrix.shape[0] !== rows.widthOf(value) || (inner && (!inner.isConstant || added))) return undefined;
  if (added && !rows.isVector(added.bias, value)) return undefined;
  const bias = inner ?? added?.bias;
  return step('matmul', rows.widthOf(value), [input], ([src], builder) => ({
    src,
    weight: builder.matrix(matrix),
    bias: bias ? builder.vector(bias) : null,
  }));
};

const rmsNorm: Lowering = (value, _op, { entry }) => {
  const norm = matchRmsNorm(value);
  if (!norm) return undefined;
  const width = entry.rows.widthOf(value);
  return step('rmsNorm', width, [norm.input], ([src], builder) => ({
    src,
    weight: norm.weight ? builder.vector(norm.weight) : null,
    eps: expectEpsilon(norm.epsilon),
    groups: width / norm.width,
  }));
};

/** x · sigmoid(x) */
function siluOf(value: Value): Value | undefined {
  const product = producedBy(value, BuiltinOperator.MUL);
  if (!product || !isPlain(product)) return undefined;
  return eitherOrder(product, (x, gate) => {
    const sigmoid = producedBy(gate, BuiltinOperator.LOGISTIC);
    return sigmoid?.input(0) === x ? x : undefined;
  });
}

const siluMul: Lowering = (value, op, context) => {
  if (op.code !== BuiltinOperator.MUL || !isPlain(op)) return undefined;
  return eitherOrder(op, (activated, up) => {
    const gate = siluOf(activated);
    if (!gate || !areAligned(value, [gate, up], context)) return undefined;
    return step('siluMul', context.entry.rows.widthOf(value), [gate, up], ([gate, up]) => ({ gate, up }));
  });
};

const silu: Lowering = (value, _op, { entry }) => {
  const input = siluOf(value);
  return input && step('silu', entry.rows.widthOf(value), [input], ([src]) => ({ src }));
};

const gelu: Lowering = (value, _op, { entry }) => {
  const found = matchGelu(value);
  if (!found) return undefined;
  const opcode = found.approximate ? 'geluTanh' : 'gelu';
  return step(opcode, entry.rows.widthOf(value), [found.input], ([src]) => ({ src }));
};

/** 1 is no step of its own; a program has no infinite numbers, and what f32 makes infinite is one. */
const isFactor = (factor: number): boolean => factor !== 1 && Number.isFinite(Math.fround(factor));

const scale: Lowering = (value, op, context) => {
  const scaled = scaledBy(op);
  if (!scaled || !isFactor(scaled.factor) || !ofToken(scaled.input, context)) return undefined;
  const { input, factor } = scaled;
  return step('scale', context.entry.rows.widthOf(value), [input], ([src]) => ({ src, factor }));
};

const elementwise: Lowering = (value, op, context) => {
  const opcode =
    op.code === BuiltinOperator.ADD ? 'add' : op.code === BuiltinOperator.MUL ? 'mul' : undefined;
  const [a, b] = [op.input(0), op.input(1)];
  if (!opcode || !a || !b || !isPlain(op) || !areAligned(value, [a, b], context)) return undefined;
  return step(opcode, context.entry.rows.widthOf(value), [a, b], ([a, b]) => ({ a, b }));
};

/** Another shape, the same row. */
const alias: Lowering = (_value, op, { entry }) => {
  const input = entry.rows.keepsOrder(op) ? dataInput(op) : undefined;
  return input && { reads: [input], emit: (_builder, [source]) => source! };
};

/** Tried in order: patterns of several operators before the operators themselves. */
export const lowerings: readonly Lowering[] = [
  attention,
  gather,
  matmul,
  rmsNorm,
  siluMul,
  silu,
  gelu,
  scale,
  elementwise,
  alias,
];
