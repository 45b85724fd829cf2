/** What the matchers of attention know of the graph that they look at. */

import type { Graph, Op, Value } from '../graph/index.ts';
import { Depends, type InputRoles } from '../graph/index.ts';
import { Mismatch, scaledBy, through } from './pattern.ts';
import type { Rows } from './rows.ts';

export interface View {
  graph: Graph;
  roles: InputRoles;
  depends: Map<Value, number>;
  /** One in decode, those of the prompt in prefill. */
  rows: Rows;
  /** Keys and values come from a cache, the mask and RoPE from the position; else from the rows and from constants. */
  isDecode: boolean;
  /** The operators of the block that have been matched so far. */
  ops: Set<Op>;
}

/** Walks up through operators that keep each row's order. */
export function upThrough(value: Value, { rows, ops }: View): Value {
  return through(value, ops, rows.keepsOrder);
}

/** Walks up through order-keeping operators and scalar factors. */
export function peelScale(value: Value, view: View): { value: Value; factor: number } {
  let factor = 1;
  let at = upThrough(value, view);
  for (let op = at.producer; op; op = at.producer) {
    const scaled = scaledBy(op);
    if (!scaled) break;
    view.ops.add(op);
    factor *= scaled.factor;
    at = upThrough(scaled.input, view);
  }
  return { value: at, factor };
}

/** cos, sin and masks: known before any token is. In decode they depend on the position, in prefill on nothing. */
export function isOfPosition(value: Value, { depends, isDecode }: View): boolean {
  const bits = value.isConstant ? 0 : (depends.get(value) ?? Depends.token);
  return isDecode ? !value.isConstant && (bits & ~Depends.position) === 0 : bits === 0;
}

export function fail(reason: string, op: Op | null): never {
  throw new Mismatch(reason, op);
}
