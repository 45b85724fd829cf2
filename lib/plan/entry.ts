/** Which graphs of a package are run: the decode graph, and the prefill graph beside it when there is one. */
import { GgmaError } from '../errors.ts';
import type { Graph, Module, Value } from '../ir/graph/index.ts';
import { dependence, elementCount, type InputRoles, inputRoles } from '../ir/graph/index.ts';
import { oneRow, type Rows, rowsOf } from '../ir/match/index.ts';
import { checkShapes } from './shapes.ts';
import { checkStorage } from './storage.ts';

/** A graph from token ids to logits. */
export interface Entry {
  /** `subgraphs[i]`, for messages. */
  path: string;
  graph: Graph;
  /** [1, L] */
  tokens: Value;
  rows: Rows;
  depends: Map<Value, number>;
  /** [1, L, vocabulary] */
  logits: Value;
}

/** One token over the caches. */
export interface DecodeEntry extends Entry {
  position: Value;
  caches: Value[];
}

/**
 * The decode graph: the one whose inputs are ids, a position and caches. It is found by what its inputs are; a
 * signature called `decode` decides between several.
 * @throws GgmaError SIGNATURE saying what was found, PLAN_SHAPE for more than one token or sizes that are not fixed
 */
export function decodeEntry(module: Module): DecodeEntry {
  const candidates = module.graphs.filter((graph) => {
    const roles = inputRoles(graph);
    return roles.tokens && roles.position && roles.caches.length > 0;
  });
  const named = candidates.filter((graph) => keysOf(module, graph).includes('decode'));
  const [graph, ...others] = named.length > 0 ? named : candidates;
  if (!graph || others.length > 0)
    throw new GgmaError(
      'SIGNATURE',
      `expected one decode graph (inputs: token ids, cache_position, key and value caches), got ${describe(module)}`,
    );
  const roles = inputRoles(graph);
  const [tokens, position] = [roles.tokens!, roles.position!];
  for (const [input, what] of [
    [tokens, 'one token [1, 1]'],
    [position, 'one position [1]'],
  ] as const)
    if (elementCount(input.shape) !== 1)
      throw shapeError(module, graph, input, `expected ${what} in the decode graph`);
  return { ...entryOf(module, graph, roles, oneRow), position, caches: roles.caches };
}

/**
 * The graph that takes a whole prompt: ids, and no caches. Several may look like that, as encoders of other models in the
 * same file do; the signature called `prefill` decides between them, as `decode` does for the decode graph.
 * @throws GgmaError as {@link decodeEntry}
 */
export function prefillEntry(module: Module): Entry | undefined {
  const candidates = module.graphs.filter((graph) => {
    const roles = inputRoles(graph);
    return roles.tokens && roles.caches.length === 0;
  });
  const named = candidates.filter((graph) => keysOf(module, graph).includes('prefill'));
  const [graph, ...others] = named.length > 0 ? named : candidates;
  if (!graph) return undefined;
  if (others.length > 0)
    throw new GgmaError('SIGNATURE', `expected at most one prefill graph, got ${describe(module)}`);
  const roles = inputRoles(graph);
  const tokens = roles.tokens!;
  const { shape } = tokens;
  if (elementCount(shape) !== shape.at(-1))
    throw shapeError(module, graph, tokens, 'expected one prompt [1, L] in the prefill graph');
  return entryOf(module, graph, roles, rowsOf(graph, tokens));
}

function entryOf(module: Module, graph: Graph, roles: InputRoles, rows: Rows): Entry {
  const path = `subgraphs[${module.graphs.indexOf(graph)}]`;
  for (const value of graph.values) {
    const isFixed = [...value.shape, ...(value.attributes.shapeSignature ?? [])].every((dim) => dim > 0);
    if (!isFixed) throw shapeError(module, graph, value, 'expected fixed sizes');
  }
  checkStorage(graph, path);
  const logits = logitsOf(graph, path);
  checkShapes(graph, [logits], path);
  return { path, graph, tokens: roles.tokens!, rows, depends: dependence(graph, roles), logits };
}

/** The one output that an operator makes and that is no cache: rank 3, [1, rows, vocabulary]. */
function logitsOf(graph: Graph, path: string): Value {
  const outputs = graph.outputs.filter((value) => value.producer !== null && value.shape.length === 3);
  const [logits, ...others] = outputs;
  if (!logits || others.length > 0)
    throw new GgmaError(
      'SIGNATURE',
      `expected one output of rank 3, the logits, got ${outputs.length} of ${graph.outputs.length} outputs`,
      { path: `${path}.outputs` },
    );
  return logits;
}

function shapeError(module: Module, graph: Graph, value: Value, expected: string): GgmaError {
  const shape = value.attributes.shapeSignature ?? value.shape;
  return new GgmaError('PLAN_SHAPE', `${expected}, got '${value.name}' [${shape.join(', ')}]`, {
    path: `subgraphs[${module.graphs.indexOf(graph)}].tensors[${graph.values.indexOf(value)}]`,
  });
}

function keysOf(module: Module, graph: Graph): (string | null)[] {
  return (module.signatures ?? []).filter((signature) => signature.graph === graph).map(({ key }) => key);
}

function describe(module: Module): string {
  const graphs = module.graphs.map((graph, i) => {
    const names = keysOf(module, graph).map((key) => ` '${key}'`);
    const inputs = graph.inputs.map((value) => `${value.name}[${value.shape.join(',')}]`).slice(0, 4);
    return `subgraphs[${i}]${names.join()} with inputs ${inputs.join(', ')}${graph.inputs.length > 4 ? ', …' : ''}`;
  });
  return graphs.length === 0 ? 'no graph' : graphs.join('; ');
}
