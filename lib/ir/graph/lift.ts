/** Circle model → graph of objects. Unsound models are refused first, so that nothing after it meets a bad index. */
import {
  type Model,
  type Operator,
  requireSound,
  type SubGraph,
  subgraphFieldsIn,
  type Tensor,
} from '../../circle/index.ts';
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
    (tensor) => new Value(attributesOfTensor(tensor), module.buffers[tensor.buffer]!),
  );
  const value = (index: number) => graph.values[index]!;
  graph.inputs = Array.from(subgraph.inputs ?? [], value);
  graph.outputs = Array.from(subgraph.outputs ?? [], value);
  graph.ops = (subgraph.operators ?? []).map((operator) => liftOp(module, graph, operator));
}

// Field by field: `{ buffer, ...attributes }` looks every property up by name, which takes a filter milliseconds. A
// field that the schema gains is one that the compiler misses here.

function attributesOfTensor(tensor: Tensor): Value['attributes'] {
  return {
    shape: tensor.shape,
    type: tensor.type,
    name: tensor.name,
    quantization: tensor.quantization,
    isVariable: tensor.isVariable,
    sparsity: tensor.sparsity,
    shapeSignature: tensor.shapeSignature,
    hasRank: tensor.hasRank,
    variantTensors: tensor.variantTensors,
    compressionType: tensor.compressionType,
  };
}

function attributesOfOperator(operator: Operator): Op['attributes'] {
  return {
    builtinOptionsType: operator.builtinOptionsType,
    builtinOptions: operator.builtinOptions,
    customOptions: operator.customOptions,
    customOptionsFormat: operator.customOptionsFormat,
    mutatingVariableInputs: operator.mutatingVariableInputs,
    largeCustomOptionsOffset: operator.largeCustomOptionsOffset,
    largeCustomOptionsSize: operator.largeCustomOptionsSize,
    builtinOptions2Type: operator.builtinOptions2Type,
    builtinOptions2: operator.builtinOptions2,
    debugMetadataIndex: operator.debugMetadataIndex,
  };
}

function liftOp(module: Module, graph: Graph, operator: Operator): Op {
  const { inputs, outputs, intermediates } = operator;
  const op = new Op({
    opcode: module.opcodes[operator.opcodeIndex]!,
    inputs: valuesOf(graph, inputs),
    outputs: valuesOf(graph, outputs),
    intermediates: intermediates && valuesOf(graph, intermediates),
    graphReferences: graphReferences(module, operator),
    attributes: attributesOfOperator(operator),
    has: { inputs: inputs !== null, outputs: outputs !== null },
  });
  for (const input of op.inputs) input?.users.push(op);
  for (const output of op.outputs) if (output) output.producer = op;
  return op;
}

/** -1 is a place that is left out. */
function valuesOf(graph: Graph, indices: readonly number[] | null): (Value | null)[] {
  const values: (Value | null)[] = [];
  if (indices === null) return values;
  for (let i = 0; i < indices.length; i++) values.push(indices[i] === -1 ? null : graph.values[indices[i]!]!);
  return values;
}

/** The subgraphs that an operator's options number, as objects. */
export function graphReferences(
  module: Module,
  operator: Parameters<typeof subgraphFieldsIn>[0],
): GraphReference[] {
  const found: GraphReference[] = [];
  for (const { holder, field, content } of subgraphFieldsIn(operator)) {
    const isVector = typeof content !== 'number';
    const indices = isVector ? Array.from(content) : [content];
    // A negative number means "no subgraph" in files that leave an optional branch out; it is kept as it is.
    if (indices.some((index) => index < 0)) continue;
    found.push({ holder, field, graphs: indices.map((index) => module.graphs[index]!), isVector });
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
