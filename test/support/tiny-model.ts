/** A whole small package in memory, and what its graphs compute by the reference interpreter. */
import { BuiltinOperator } from '../../lib/circle/index.ts';
import { evaluate, type Tensor } from '../../lib/ir/evaluate/index.ts';
import type { Graph, Module, Op, Value } from '../../lib/ir/graph/index.ts';
import { elementCount, inputRoles } from '../../lib/ir/graph/index.ts';
import { packModel } from '../../lib/make/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from './checkpoint.ts';
import { tensorFor } from './goldens.ts';

export interface TinyPackage {
  module: Module;
  prefill: Graph;
  decode: Graph;
}

/** Two layers, two heads over one kv head, 10 ids, or other sizes; random weights, the same every time. */
export function tinyPackage(sizes: Partial<typeof tinyConfig> = {}): TinyPackage {
  const scratch = scratchFolder();
  try {
    const module = packModel(writeModelDir(scratch.path, { ...tinyConfig, ...sizes }, tinyTensors(sizes)));
    const [prefill, decode] = module.graphs;
    return { module, prefill: prefill!, decode: decode! };
  } finally {
    scratch.remove();
  }
}

/** The module with its decode graph alone. */
export function decodeOnly({ module, decode }: TinyPackage): Module {
  module.graphs = [decode];
  module.signatures = module.signatures?.filter(({ graph }) => graph === decode) ?? null;
  return module;
}

/** Operators of a code, in order. */
export function opsOfCode(graph: Graph, code: BuiltinOperator): Op[] {
  return graph.ops.filter((op) => op.code === code);
}

/** ADDs of two values of a row: two in each layer, behind attention and behind the MLP. */
export function residuals(graph: Graph): Op[] {
  return opsOfCode(graph, BuiltinOperator.ADD).filter(({ inputs }) =>
    inputs.every((input) => input && !input.isConstant && input.shape.at(-1) === tinyConfig.hidden_size),
  );
}

/** Logits [ids, width] of a fused decode graph, token by token over caches that start empty. */
export function evaluateSequence(graph: Graph, ids: readonly number[]): Float32Array {
  const { tokens, position, caches } = inputRoles(graph);
  const logits = graph.outputs.find(({ shape }) => shape.length === 3)!;
  let state = new Map<Value, Tensor>(
    caches.map((cache) => [cache, tensorFor(cache, new Float32Array(elementCount(cache.shape)))]),
  );
  const rows = ids.map((id, p) => {
    const inputs = new Map([
      ...state,
      [tokens!, tensorFor(tokens!, [id])] as const,
      [position!, tensorFor(position!, [p])] as const,
    ]);
    const results = evaluate(graph, inputs, { outputs: [logits] });
    state = new Map(caches.map((cache) => [cache, results.get(cache) ?? state.get(cache)!]));
    return [...(results.get(logits)!.data as Float32Array)];
  });
  return Float32Array.from(rows.flat());
}
