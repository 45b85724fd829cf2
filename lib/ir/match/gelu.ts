/**
 * GELU (Hendrycks & Gimpel 2016): the operator, or its tanh form written out,
 * 0.5 · x · (1 + tanh(√(2/π) · (x + 0.044715 · x³))), with the factors in any order and grouping.
 */
import { BuiltinOperator, BuiltinOptions } from '../../circle/index.ts';
import type { Value } from '../graph/index.ts';
import { scalarOf } from '../graph/index.ts';
import { eitherOrder, isPlain, optionsOf, producedBy } from './pattern.ts';

export interface Gelu {
  input: Value;
  /** The tanh form; else x · Φ(x). */
  approximate: boolean;
}

export function matchGelu(value: Value): Gelu | undefined {
  const operator = producedBy(value, BuiltinOperator.GELU);
  const input = operator?.input(0);
  if (operator && input)
    return { input, approximate: optionsOf(operator, BuiltinOptions.GeluOptions)?.approximate ?? false };
  const outer = productOf(value);
  const [x, y] = outer.factors;
  if (outer.factors.length !== 2 || !isNear(outer.scalar, 0.5)) return undefined;
  if (isGate(y!, x!)) return { input: x!, approximate: true };
  return isGate(x!, y!) ? { input: y!, approximate: true } : undefined;
}

/** 1 + tanh(√(2/π) · (x + 0.044715 · x³)) */
function isGate(value: Value, x: Value): boolean {
  return isSum(value, (one, rest) => {
    const tanh = producedBy(rest, BuiltinOperator.TANH)?.input(0);
    if (scalarOf(one) !== 1 || !tanh) return false;
    const { scalar, factors } = productOf(tanh);
    return isNear(scalar, Math.sqrt(2 / Math.PI)) && factors.length === 1 && isCubic(factors[0]!, x);
  });
}

/** x + 0.044715 · x³ */
function isCubic(value: Value, x: Value): boolean {
  return isSum(value, (linear, cube) => {
    const { scalar, factors } = productOf(cube);
    return linear === x && isNear(scalar, 0.044715) && factors.length === 3 && factors.every((f) => f === x);
  });
}

function isSum(value: Value, test: (a: Value, b: Value) => boolean): boolean {
  const add = producedBy(value, BuiltinOperator.ADD);
  return !!add && isPlain(add) && eitherOrder(add, (a, b) => test(a, b) || undefined) === true;
}

/** A value as scalar · factor · factor …: products taken apart (four deep), x² and x³ as repeated factors. */
function productOf(value: Value, depth = 4): { scalar: number; factors: Value[] } {
  const scalar = scalarOf(value);
  if (scalar !== undefined) return { scalar, factors: [] };
  const op = value.producer;
  const [a, b] = [op?.input(0), op?.input(1)];
  if (op?.code === BuiltinOperator.MUL && isPlain(op) && a && b && depth > 0) {
    const [left, right] = [productOf(a, depth - 1), productOf(b, depth - 1)];
    return { scalar: left.scalar * right.scalar, factors: [...left.factors, ...right.factors] };
  }
  const power = op?.code === BuiltinOperator.SQUARE ? 2 : op?.code === BuiltinOperator.POW ? scalarOf(b) : 1;
  if (a && (power === 2 || power === 3)) return { scalar: 1, factors: new Array<Value>(power).fill(a) };
  return { scalar: 1, factors: [value] };
}

/** Exporters round the constants to float32, some of them twice. */
function isNear(x: number, constant: number): boolean {
  return Math.abs(x / constant - 1) < 1e-6;
}
