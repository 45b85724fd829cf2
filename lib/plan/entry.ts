/** Which graphs of a package are run: the decode graph, and the prefill graph beside it when there is one. */
import { GgmaError } from '../errors.ts';
import { dependence, type InputRoles, inputRoles } from '../ir/dependence.ts';
import type { Graph, Module, Value } from '../ir/graph.ts';

export interface Entry {
  /** `subgraphs[i]`, for messages. */
  path: string;
  graph: Graph;
  roles: InputRoles & { tokens: Value; position: Value };
  depends: Map<Value, number>;
  logits: Value;
}

/**
 * The decode graph: the one whose inputs are ids, a position and caches. It is found by what its inputs are; a
 * signature called `decode` decides between several.
 * @throws GgmaError SIGNATURE saying what was found
 */
export function decodeEntry(module: Module): Entry {
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
  const path = `subgraphs[${module.graphs.indexOf(graph)}]`;
  const depends = dependence(graph, roles);
  return {
    path,
    graph,
    roles: { ...roles, tokens: roles.tokens!, position: roles.position! },
    depends,
    logits: logitsOf(graph, path),
  };
}

/** The graph that takes a whole prompt: ids, and no caches. */
export function prefillGraph(module: Module): Graph | undefined {
  return module.graphs.find((graph) => {
    const roles = inputRoles(graph);
    return roles.tokens !== null && roles.caches.length === 0;
  });
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

function keysOf(module: Module, graph: Graph): (string | null)[] {
  return (module.signatures ?? []).filter((signature) => signature.graph === graph).map(({ key }) => key);
}

function describe(module: Module): string {
  const graphs = module.graphs.map((graph, i) => {
    const names = keysOf(module, graph).map((key) => `'${key}'`);
    const inputs = graph.inputs.map((value) => `${value.name}[${value.shape.join(',')}]`).slice(0, 4);
    return `subgraphs[${i}] ${names.join(', ')} with inputs ${inputs.join(', ')}${graph.inputs.length > 4 ? ', …' : ''}`;
  });
  return graphs.length === 0 ? 'no graph' : graphs.join('; ');
}
