/**
 * How operators become instructions. A lowering looks at the value it has to make, names the values it needs, and
 * emits steps. Every one of them works on each row by itself: that is the proof that the one-token graph is a program
 * over any number of rows. What no lowering takes is refused with the operator's path.
 */
import { BuiltinOperator } from '../circle/index.ts';
import type { Attention } from '../ir/attention.ts';
import { elementCount } from '../ir/constants.ts';
import { Depends } from '../ir/dependence.ts';
import type { Op, Value } from '../ir/graph.ts';
import { matchRmsNorm } from '../ir/norm.ts';
import { dataInput, eitherOrder, isPlain, keepsOrder, producedBy, scaledBy, through } from '../ir/pattern.ts';
import { lowerAttention } from './attention.ts';
import type { ProgramBuilder } from './builder.ts';
import type { Entry } from './entry.ts';
import { float, type Slot, slot, weight, word } from './program.ts';

export interface Context {
  entry: Entry;
  /** Attention by its output value. */
  attention: Map<Value, Attention>;
  /** Window of each mask, proved. */
  windows: Map<Value, number>;
}

/** What a lowering made of a value: the values of each row that it reads, and the steps to emit. */
export interface Lowered {
  reads: Value[];
  /** `sources` are the slots of `reads`; returns the slot that holds the value. */
  emit(builder: ProgramBuilder, sources: Slot[]): Slot;
}

export type Lowering = (value: Value, op: Op, context: Context) => Lowered | undefined;

/** Elements of a value of one row. */
export const widthOf = (value: Value): number => elementCount(value.shape);

const ofToken = (value: Value, { entry }: Context): boolean =>
  !value.isConstant && ((entry.depends.get(value) ?? 0) & Depends.token) !== 0;

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
  const [table, ids] = [op.input(0), op.input(1)];
  if (op.code !== BuiltinOperator.GATHER || !table?.isConstant || table.shape.length !== 2) return undefined;
  if (!ids || through(ids) !== entry.roles.tokens || table.shape[1] !== widthOf(value)) return undefined;
  return {
    reads: [],
    emit: (builder) => builder.emit('gather', builder.slot(widthOf(value)), weight(builder.matrix(table))),
  };
};

const matmul: Lowering = (value, op, context) => {
  const [input, matrix, bias] = op.inputs;
  if (op.code !== BuiltinOperator.FULLY_CONNECTED || !input || !matrix?.isConstant || !isPlain(op))
    return undefined;
  if (matrix.shape.length !== 2 || matrix.shape[1] !== widthOf(input) || matrix.shape[0] !== widthOf(value))
    return undefined;
  if ((bias && !bias.isConstant) || !ofToken(input, context)) return undefined;
  return {
    reads: [input],
    emit: (builder, [source]) =>
      builder.emit(
        'matmul',
        builder.slot(widthOf(value)),
        slot(source!),
        weight(builder.matrix(matrix)),
        weight(bias ? builder.vector(bias) : null),
      ),
  };
};

const rmsNorm: Lowering = (value) => {
  const norm = matchRmsNorm(value);
  if (!norm) return undefined;
  const groups = widthOf(value) / norm.width;
  return {
    reads: [norm.input],
    emit: (builder, [source]) =>
      builder.emit(
        'rmsNorm',
        builder.slot(widthOf(value)),
        slot(source!),
        weight(norm.weight ? builder.vector(norm.weight) : null),
        float(norm.epsilon),
        word(groups),
      ),
  };
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
    if (!gate || !ofToken(up, context) || widthOf(gate) !== widthOf(value) || widthOf(up) !== widthOf(value))
      return undefined;
    return {
      reads: [gate, up],
      emit: (builder, [g, u]) => builder.emit('siluMul', builder.slot(widthOf(value)), slot(g!), slot(u!)),
    };
  });
};

const silu: Lowering = (value) => {
  const input = siluOf(value);
  return (
    input && {
      reads: [input],
      emit: (builder, [source]) => builder.emit('silu', builder.slot(widthOf(value)), slot(source!)),
    }
  );
};

const scale: Lowering = (value, op, context) => {
  const scaled = scaledBy(op);
  if (!scaled || scaled.factor === 1 || !ofToken(scaled.input, context)) return undefined;
  return {
    reads: [scaled.input],
    emit: (builder, [source]) =>
      builder.emit('scale', builder.slot(widthOf(value)), slot(source!), float(scaled.factor)),
  };
};

const elementwise: Lowering = (value, op, context) => {
  const opcode =
    op.code === BuiltinOperator.ADD ? 'add' : op.code === BuiltinOperator.MUL ? 'mul' : undefined;
  const [a, b] = [op.input(0), op.input(1)];
  if (!opcode || !a || !b || !isPlain(op) || !ofToken(a, context) || !ofToken(b, context)) return undefined;
  if (widthOf(a) !== widthOf(value) || widthOf(b) !== widthOf(value)) return undefined;
  return {
    reads: [a, b],
    emit: (builder, [x, y]) => builder.emit(opcode, builder.slot(widthOf(value)), slot(x!), slot(y!)),
  };
};

/** Another shape, the same row. */
const alias: Lowering = (_value, op) => {
  const input = keepsOrder(op) ? dataInput(op) : undefined;
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
  scale,
  elementwise,
  alias,
];
