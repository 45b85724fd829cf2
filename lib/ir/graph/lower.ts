/** Graph of objects → Circle model: everything is numbered in list order, so equal modules give equal files. */
import type {
  CircleBuffer,
  Model,
  Operator,
  OperatorCode,
  SignatureDef,
  SubGraph,
} from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import type { Graph, Module, Op, SignaturePort, Value } from './graph.ts';

/**
 * Numbers a module again. Buffers and operator codes keep their order; new ones come last.
 * @throws GgmaError GRAPH_DANGLING when an operator, output or signature names a value that its graph does not hold.
 */
export function lower(module: Module): Model {
  const sentinel = module.sentinel;
  const buffers = new Numbering<CircleBuffer>(module.buffers);
  const opcodes = new Numbering<OperatorCode>(module.opcodes);
  const graphs = new Map(module.graphs.map((graph, i) => [graph, i]));
  const bufferOf = (buffer: CircleBuffer) =>
    buffer.data === null && !buffers.has(buffer) ? sentinel : buffer;
  const numbers = module.graphs.map((graph) => new Map(graph.values.map((value, i) => [value, i])));
  const subgraphs = module.graphs.map((graph, g): SubGraph => {
    const index = indexer(numbers[g]!, `subgraphs[${g}]`);
    const operators = graph.ops.map((op, i) => lowerOp(op, opcodes, graphs, index, () => `operators[${i}]`));
    return {
      ...graph.attributes,
      tensors: present(
        graph.has.tensors,
        graph.values.map((value) => ({ ...value.attributes, buffer: buffers.of(bufferOf(value.buffer)) })),
      ),
      inputs: present(
        graph.has.inputs,
        graph.inputs.map((value, i) => index(value, 'inputs', i)),
      ),
      outputs: present(
        graph.has.outputs,
        graph.outputs.map((value, i) => index(value, 'outputs', i)),
      ),
      operators: present(graph.has.operators, operators),
    };
  });
  const signatureDefs =
    module.signatures?.map((signature, s): SignatureDef => {
      const g = graphNumber(graphs, signature.graph, `signature_defs[${s}]`);
      const index = indexer(numbers[g]!, `signature_defs[${s}]`);
      const ports = (list: SignaturePort[] | null, field: string) =>
        list?.map(({ name, value }, i) => ({ name, tensorIndex: index(value, field, i) })) ?? null;
      return {
        signatureKey: signature.key,
        subgraphIndex: g,
        inputs: ports(signature.inputs, 'inputs'),
        outputs: ports(signature.outputs, 'outputs'),
      };
    }) ?? null;
  const metadata = module.metadata?.map(({ name, buffer }) => ({ name, buffer: buffers.of(buffer) })) ?? null;
  const metadataBuffer = module.metadataBuffer?.map((buffer) => buffers.of(buffer)) ?? null;
  return {
    version: module.version,
    description: module.description,
    operatorCodes: present(module.has.opcodes, opcodes.list),
    subgraphs: present(module.has.graphs, subgraphs),
    buffers: present(module.has.buffers, buffers.list),
    metadataBuffer,
    metadata,
    signatureDefs,
  };
}

function lowerOp(
  op: Op,
  opcodes: Numbering<OperatorCode>,
  graphs: Map<Graph, number>,
  index: Indexer,
  where: () => string,
): Operator {
  const optional = (values: readonly (Value | null)[], field: string) =>
    values.map((value, i) => (value === null ? -1 : index(value, field, i, where)));
  const operator: Operator = {
    ...op.attributes,
    opcodeIndex: opcodes.of(op.opcode),
    inputs: present(op.has.inputs, optional(op.inputs, 'inputs')),
    outputs: present(op.has.outputs, optional(op.outputs, 'outputs')),
    intermediates: op.intermediates === null ? null : optional(op.intermediates, 'intermediates'),
  };
  for (const { holder, field, graphs: targets, isVector } of op.graphReferences) {
    const indices = targets.map((graph) => graphNumber(graphs, graph, where()));
    const options = { ...(operator[holder] as object), [field]: isVector ? indices : indices[0] };
    Object.assign(operator, { [holder]: options });
  }
  return operator;
}

/** An empty list of something that the file did not have at all stays absent. */
function present<T>(had: boolean, list: T[]): T[] | null {
  return had || list.length > 0 ? list : null;
}

/** The number of entry i of a list; `owner` says whose, when it is an operator's. Paths are made only for errors. */
type Indexer = (value: Value, list: string, i: number, owner?: () => string) => number;

function indexer(numbers: Map<Value, number>, path: string): Indexer {
  return (value, list, i, owner) => {
    const number = numbers.get(value);
    if (number === undefined)
      throw new GgmaError(
        'GRAPH_DANGLING',
        `expected a tensor of the graph, got '${value.name}', which it does not hold`,
        { path: `${path}.${owner ? `${owner()}.` : ''}${list}[${i}]` },
      );
    return number;
  };
}

function graphNumber(graphs: Map<Graph, number>, graph: Graph, path: string): number {
  const number = graphs.get(graph);
  if (number === undefined)
    throw new GgmaError('GRAPH_DANGLING', `expected a subgraph of the module, got '${graph.name}'`, { path });
  return number;
}

/** Numbers objects by their place in a list, adding new ones at its end. */
class Numbering<T extends object> {
  readonly list: T[];
  private readonly numbers = new Map<T, number>();

  constructor(initial: readonly T[]) {
    this.list = [...initial];
    this.list.forEach((item, i) => {
      if (!this.numbers.has(item)) this.numbers.set(item, i);
    });
  }
  has(item: T): boolean {
    return this.numbers.has(item);
  }
  of(item: T): number {
    let number = this.numbers.get(item);
    if (number === undefined) {
      number = this.list.push(item) - 1;
      this.numbers.set(item, number);
    }
    return number;
  }
}
