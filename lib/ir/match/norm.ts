/** RMS norm: x · rsqrt(mean(x²) + ε) · weight, over the last axis (Zhang & Sennrich 2019); written out, or RMS_NORM. */
import { BuiltinOperator, BuiltinOptions } from '../../circle/index.ts';
import type { Op, Value } from '../graph/index.ts';
import { intsOf, scalarOf } from '../graph/index.ts';
import { eitherOrder, isPlain, normalAxis, optionsOf, producedBy } from './pattern.ts';

export interface RmsNorm {
  /** [..., width] */
  input: Value;
  /** [width], or null where exporters folded it into the next weights. */
  weight: Value | null;
  epsilon: number;
  /** Size of the axis that the mean runs over. */
  width: number;
  /** The operators of the norm, the last first. */
  ops: Op[];
}

/** The norm that ends in `value`, with its weight when there is one. */
export function matchRmsNorm(value: Value): RmsNorm | undefined {
  return fromOperator(value) ?? fromProducts(value);
}

function fromOperator(value: Value): RmsNorm | undefined {
  const op = producedBy(value, BuiltinOperator.RMS_NORM);
  const [input, weight] = [op?.input(0), op?.input(1)];
  const width = input?.shape.at(-1) ?? 0;
  // The operator also takes a weight of one element for all columns.
  if (!op || !input || !weight?.isConstant || width === 0 || !isRow(weight, width)) return undefined;
  const epsilon = optionsOf(op, BuiltinOptions.RmsNormOptions)?.epsilon ?? 0;
  return { input, weight, epsilon, width, ops: [op] };
}

function fromProducts(value: Value): RmsNorm | undefined {
  const outer = producedBy(value, BuiltinOperator.MUL);
  if (!outer || !isPlain(outer)) return undefined;
  const weighted = eitherOrder(outer, (weight, rest) => {
    const inner = weight.isConstant ? matchCore(rest) : undefined;
    if (!inner || !isRow(weight, inner.width)) return undefined;
    return { ...inner, weight, ops: [outer, ...inner.ops] };
  });
  return weighted ?? matchCore(value);
}

/** x · rsqrt(mean(x · x) + ε) */
function matchCore(value: Value): RmsNorm | undefined {
  const product = producedBy(value, BuiltinOperator.MUL);
  if (!product || !isPlain(product)) return undefined;
  return eitherOrder(product, (input, root) => {
    const rsqrt = producedBy(root, BuiltinOperator.RSQRT);
    const add = producedBy(rsqrt?.input(0), BuiltinOperator.ADD);
    if (!rsqrt || !add || !isPlain(add)) return undefined;
    return eitherOrder(add, (mean, epsilon) => {
      const eps = scalarOf(epsilon);
      const reduce = producedBy(mean, BuiltinOperator.MEAN);
      const square = producedBy(reduce?.input(0), BuiltinOperator.MUL);
      if (eps === undefined || !reduce || !square || !isPlain(square)) return undefined;
      if (square.input(0) !== input || square.input(1) !== input || !isLastAxisMean(reduce, input))
        return undefined;
      const width = input.shape.at(-1) ?? 1;
      return { input, weight: null, epsilon: eps, width, ops: [product, rsqrt, add, reduce, square] };
    });
  });
}

function isLastAxisMean(reduce: Op, input: Value): boolean {
  const axes = intsOf(reduce.input(1));
  const rank = input.shape.length;
  const keepsDims = optionsOf(reduce, BuiltinOptions.ReducerOptions)?.keepDims === true;
  return keepsDims && axes?.length === 1 && normalAxis(axes[0]!, rank) === rank - 1;
}

/** A constant that broadcasts as one row of `width` numbers. */
function isRow(value: Value, width: number): boolean {
  return value.shape.at(-1) === width && value.shape.slice(0, -1).every((dim) => dim === 1);
}
