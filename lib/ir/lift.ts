/** Circle model → graph of objects. Unsound models are refused first, so that nothing after it meets a bad index. */
import { type Model, type Operator, requireSound, SUBGRAPH_FIELD, type SubGraph } from '../circle/index.ts';
import {
  Graph,
  type GraphReference,
  Module,
  Op,
  type Signature,
  type SignaturePort,
  Value,
} from './graph.ts';

/**
 * Lifts a whole model. Constants keep pointing at the model's bytes.
 * @throws GgmaError CIRCLE_INVALID with the path of an index that is out of range, of a tensor that two operators
 * produce, of a constant that an operator writes, or of an operator that reads what a later one produces.
 */
export function lift(model: Model): Module {
  requireSound(model);
  const module = new Module();
  module.version = model.version;
  module.description = model.description;
  module.opcodes = [...(model.operatorCodes ?? [])];
  module.buffers = [...(model.buffers ?? [])];
  module.has = {
    opcodes: model.operatorCodes !== null,
    graphs: model.subgraphs !== null,
    buffers: model.buffers !== null,
  };
  const subgraphs = model.subgraphs ?? [];
  module.graphs = subgraphs.map((subgraph) => emptyGraph(subgraph));
  subgraphs.forEach((subgraph, g) => {
    fillGraph(module, module.graphs[g]!, subgraph);
  });
  module.metadata =
    model.metadata?.map(({ name, buffer }) => ({ name, buffer: module.buffers[buffer]! })) ?? null;
  module.metadataBuffer =
    model.metadataBuffer && Array.from(model.metadataBuffer, (index) => module.buffers[index]!);
  module.signatures = model.signatureDefs?.map((signature) => liftSignature(module, signature)) ?? null;
  return module;
}

function emptyGraph(subgraph: SubGraph): Graph {
  const { tensors, inputs, outputs, operators, ...attributes } = subgraph;
  return new Graph(attributes, {
    tensors: tensors !== null,
    inputs: inputs !== null,
    outputs: outputs !== null,
    operators: operators !== null,
  });
}

function fillGraph(module: Module, graph: Graph, subgraph: SubGraph): void {
  graph.values = (subgraph.tensors ?? []).map(
    ({ buffer, ...attributes }) => new Value(attributes, module.buffers[buffer]!),
  );
  const value = (index: number) => graph.values[index]!;
  graph.inputs = Array.from(subgraph.inputs ?? [], value);
  graph.outputs = Array.from(subgraph.outputs ?? [], value);
  graph.ops = (subgraph.operators ?? []).map((operator) => liftOp(module, graph, operator));
}

function liftOp(module: Module, graph: Graph, operator: Operator): Op {
  const { opcodeIndex, inputs, outputs, intermediates, ...attributes } = operator;
  const optional = (indices: ArrayLike<number>) =>
    Array.from(indices, (index) => (index === -1 ? null : graph.values[index]!));
  const op = new Op({
    opcode: module.opcodes[opcodeIndex]!,
    inputs: optional(inputs ?? []),
    outputs: optional(outputs ?? []),
    intermediates: intermediates && optional(intermediates),
    graphReferences: graphReferences(module, operator),
    attributes,
    has: { inputs: inputs !== null, outputs: outputs !== null },
  });
  for (const input of op.inputs) input?.users.push(op);
  for (const output of op.outputs) if (output) output.producer = op;
  return op;
}

/** The subgraphs that an operator's options number, as objects. */
export function graphReferences(
  module: Module,
  operator: Pick<Operator, 'builtinOptions' | 'builtinOptions2'>,
): GraphReference[] {
  const found: GraphReference[] = [];
  for (const holder of ['builtinOptions', 'builtinOptions2'] as const) {
    const options = operator[holder] as Record<string, unknown> | null;
    for (const [field, content] of Object.entries(options ?? {})) {
      if (!SUBGRAPH_FIELD.test(field) || content === null) continue;
      const isVector = typeof content !== 'number';
      const indices = isVector ? Array.from(content as ArrayLike<number>) : [content];
      // A negative number means "no subgraph" in files that leave an optional branch out; it is kept as it is.
      if (indices.some((index) => index < 0)) continue;
      found.push({ holder, field, graphs: indices.map((index) => module.graphs[index]!), isVector });
    }
  }
  return found;
}

function liftSignature(module: Module, signature: NonNullable<Model['signatureDefs']>[number]): Signature {
  const graph = module.graphs[signature.subgraphIndex]!;
  const ports = (maps: typeof signature.inputs): SignaturePort[] | null =>
    maps?.map(({ name, tensorIndex }) => ({ name, value: graph.values[tensorIndex]! })) ?? null;
  return {
    key: signature.signatureKey,
    graph,
    inputs: ports(signature.inputs),
    outputs: ports(signature.outputs),
  };
}
