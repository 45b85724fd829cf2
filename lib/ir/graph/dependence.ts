/**
 * What each value of a decode graph depends on. This is the partial evaluation of the design: constants are known
 * at load, values of the cache position alone can be tabulated, the rest is computed for every token.
 */
import { BuiltinOperator, TensorType } from '../../circle/index.ts';
import type { Graph, Value } from './graph.ts';

/** Bits of a dependence; 0 is a constant. */
export const Depends = { token: 1, position: 2, cache: 4 } as const;

/** What the graph's inputs are, found by how they are used, never by their names. */
export interface InputRoles {
  /** Integer ids that a GATHER reads rows of a constant matrix with. */
  tokens: Value | null;
  /** The integer input that is left: cache_position. null where several or none could be it. */
  position: Value | null;
  /** Rank 4 float inputs: one key and one value cache per layer. */
  caches: Value[];
}

const INTEGER = new Set<TensorType>([TensorType.INT32, TensorType.INT64]);

export function inputRoles(graph: Graph): InputRoles {
  const gathers = (value: Value) =>
    value.users.some(
      (op) => op.code === BuiltinOperator.GATHER && op.input(1) === value && op.input(0)?.isConstant === true,
    );
  const integers = graph.inputs.filter((value) => INTEGER.has(value.type) && value.users.length > 0);
  // A learned or tabulated position is gathered too, but by a vector of positions; ids come as [batch, length].
  const tokens =
    integers.find((value) => gathers(value) && value.shape.length === 2) ?? integers.find(gathers) ?? null;
  const others = integers.filter((value) => value !== tokens);
  return {
    tokens,
    position: others.length === 1 ? others[0]! : null,
    caches: graph.inputs.filter((value) => value.type === TensorType.FLOAT32 && value.shape.length === 4),
  };
}

/** The dependence of every value (a bit set of {@link Depends}); inputs of no known role count as tokens. */
export function dependence(graph: Graph, roles: InputRoles = inputRoles(graph)): Map<Value, number> {
  const depends = new Map<Value, number>();
  const caches = new Set(roles.caches);
  for (const input of graph.inputs) {
    const bit =
      input === roles.position ? Depends.position : caches.has(input) ? Depends.cache : Depends.token;
    depends.set(input, bit);
  }
  for (const op of graph.ops) {
    let bits = 0;
    for (const input of op.inputs) {
      if (input === null || input.isConstant) continue;
      bits |= depends.get(input) ?? Depends.token;
    }
    for (const output of op.outputs) if (output) depends.set(output, bits);
  }
  return depends;
}
