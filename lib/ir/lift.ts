/** Circle model → graph of objects. Every index is checked here, so that nothing after it meets a bad one. */
import { type Model, type Operator, type SubGraph, tensorTypeName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
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
 * @throws GgmaError CIRCLE_INVALID with the path of an index that is out of range, of an output that two
 * operators produce, or of a constant that an operator writes.
 */
export function lift(model: Model): Module {
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
    fillGraph(module, module.graphs[g]!, subgraph, `subgraphs[${g}]`);
  });
  const buffer = (index: number, path: string) => at(module.buffers, index, path, 'buffers');
  module.metadata =
    model.metadata?.map((m, i) => ({ name: m.name, buffer: buffer(m.buffer, `metadata[${i}].buffer`) })) ??
    null;
  module.metadataBuffer =
    model.metadataBuffer === null
      ? null
      : Array.from(model.metadataBuffer, (index, i) => buffer(index, `metadata_buffer[${i}]`));
  module.signatures =
    model.signatureDefs?.map((s, i) => liftSignature(module, s, `signature_defs[${i}]`)) ?? null;
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

function fillGraph(module: Module, graph: Graph, subgraph: SubGraph, path: string): void {
  graph.values = (subgraph.tensors ?? []).map(({ buffer, ...attributes }, i) => {
    const where = `${path}.tensors[${i}].buffer`;
    return new Value(attributes, at(module.buffers, buffer, where, 'buffers'));
  });
  const value = (index: number, where: string) => at(graph.values, index, where, 'tensors');
  graph.inputs = Array.from(subgraph.inputs ?? [], (index, i) => value(index, `${path}.inputs[${i}]`));
  graph.outputs = Array.from(subgraph.outputs ?? [], (index, i) => value(index, `${path}.outputs[${i}]`));
  graph.ops = (subgraph.operators ?? []).map((operator, i) =>
    liftOp(module, graph, operator, `${path}.operators[${i}]`),
  );
}

function liftOp(module: Module, graph: Graph, operator: Operator, path: string): Op {
  const { opcodeIndex, inputs, outputs, intermediates, ...attributes } = operator;
  const optional = (indices: ArrayLike<number>, field: string) =>
    Array.from(indices, (index, i) =>
      index === -1 ? null : at(graph.values, index, `${path}.${field}[${i}]`, 'tensors'),
    );
  const op = new Op({
    opcode: at(module.opcodes, opcodeIndex, `${path}.opcode_index`, 'operator_codes'),
    inputs: optional(inputs ?? [], 'inputs'),
    outputs: optional(outputs ?? [], 'outputs'),
    intermediates: intermediates === null ? null : optional(intermediates, 'intermediates'),
    graphReferences: graphReferences(module, operator, path),
    attributes,
    has: { inputs: inputs !== null, outputs: outputs !== null },
  });
  for (const input of op.inputs) input?.users.push(op);
  op.outputs.forEach((output, i) => {
    if (output === null) return;
    const where = `${path}.outputs[${i}]`;
    if (output.producer !== null)
      throw new GgmaError('CIRCLE_INVALID', `expected one producer for tensor '${output.name}', got two`, {
        path: where,
      });
    if (output.isConstant)
      throw new GgmaError(
        'CIRCLE_INVALID',
        `expected a tensor without data for an operator's output, got the constant '${output.name}' (${tensorTypeName(output.type)})`,
        { path: where },
      );
    output.producer = op;
  });
  return op;
}

/** Option fields that number subgraphs (`bodySubgraphIndex`, `branchSubgraphIndices`, CALL's `subgraph`). */
const SUBGRAPH_FIELD = /subgraph(Index|Indices)?$/i;

function graphReferences(module: Module, operator: Operator, path: string): GraphReference[] {
  const found: GraphReference[] = [];
  for (const holder of ['builtinOptions', 'builtinOptions2'] as const) {
    const options = operator[holder] as Record<string, unknown> | null;
    for (const [field, content] of Object.entries(options ?? {})) {
      if (!SUBGRAPH_FIELD.test(field) || content === null) continue;
      const isVector = typeof content !== 'number';
      const indices = isVector ? Array.from(content as ArrayLike<number>) : [content];
      // A negative number means "no subgraph" in files that leave an optional branch out; it is kept as it is.
      if (indices.some((index) => index < 0)) continue;
      const where = `${path}.${holder === 'builtinOptions' ? 'builtin_options' : 'builtin_options_2'}.${field}`;
      const graphs = indices.map((index) => at(module.graphs, index, where, 'subgraphs'));
      found.push({ holder, field, graphs, isVector });
    }
  }
  return found;
}

function liftSignature(
  module: Module,
  signature: NonNullable<Model['signatureDefs']>[number],
  path: string,
): Signature {
  const graph = at(module.graphs, signature.subgraphIndex, `${path}.subgraph_index`, 'subgraphs');
  const ports = (maps: typeof signature.inputs, field: string): SignaturePort[] | null =>
    maps?.map((map, i) => ({
      name: map.name,
      value: at(graph.values, map.tensorIndex, `${path}.${field}[${i}].tensor_index`, 'tensors'),
    })) ?? null;
  return {
    key: signature.signatureKey,
    graph,
    inputs: ports(signature.inputs, 'inputs'),
    outputs: ports(signature.outputs, 'outputs'),
  };
}

function at<T>(list: readonly T[], index: number, path: string, what: string): T {
  const found = list[index];
  if (found === undefined)
    throw new GgmaError(
      'CIRCLE_INVALID',
      `expected an index below ${list.length} into ${what}, got ${index}`,
      { path },
    );
  return found;
}
