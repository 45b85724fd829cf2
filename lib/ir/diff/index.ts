/**
 * Two modules compared by structure: numbering, the order of operators where they do not depend on each other, and of
 * tensors, buffers and operator codes do not matter. Subgraphs belong together by the signature that names them, then by
 * what they compute; inputs and outputs by name, then by type; operators by what `match.ts` says of them.
 */
import type { Graph, Module, Signature, Value } from '../graph/index.ts';
import { json } from './describe.ts';
import { DIFFERENCE_KINDS, type Difference, type DifferenceKind } from './difference.ts';
import { type ChangedParts, compareGraphs } from './graphs.ts';
import { Labels } from './labels.ts';
import { type GraphMatch, matchGraphs } from './match.ts';
import { pairGraphs } from './subgraphs.ts';

export { DIFFERENCE_KINDS, type Difference, type DifferenceKind } from './difference.ts';
export type { ChangedParts } from './graphs.ts';
export type { GraphMatch } from './match.ts';

export interface DiffOptions {
  /** Names of tensors that are neither inputs nor outputs do not matter. */
  ignoreNames?: boolean;
}

/** Two graphs that belong together. */
export interface ComparedGraphs {
  first: Graph;
  second: Graph;
  match: GraphMatch;
  changed: ChangedParts;
}

export interface Comparison {
  /** In the order of the first module. */
  differences: Difference[];
  counts: Record<DifferenceKind, number>;
  /** The largest |a − b| of all constants; Infinity where only one side is a number. */
  maxDifference: number;
}

/** A comparison, and what it found out about what belongs together. */
export interface ModuleComparison extends Comparison {
  /** In the order of the first module; graphs that only one module has are not among them. */
  graphs: ComparedGraphs[];
}

/** Everything in which `b` differs from `a`. */
export function compareModules(a: Module, b: Module, options: DiffOptions = {}): ModuleComparison {
  const ranked: { rank: number; difference: Difference }[] = [];
  const add = (rank: number, difference: Difference) => {
    ranked.push({ rank, difference });
  };
  // Each graph's differences stand together, behind those of the model.
  const graphRank = 1e9;
  for (const field of ['version', 'description'] as const)
    if (a[field] !== b[field])
      add(0, { ...inBoth('model', field, field), message: `${json(a[field])} against ${json(b[field])}` });
  compareMetadata(a, b, (difference) => add(0, difference));
  const labels = new Labels();
  const pairs = pairGraphs(a, b, labels);
  for (const difference of unpairedGraphs(a, b, pairs)) add(0, difference);
  const partner = new Map(pairs.map(([i, j]) => [a.graphs[i]!, b.graphs[j]!]));
  const graphs = pairs.map(([i, j], place): ComparedGraphs => {
    const [first, second] = [a.graphs[i]!, b.graphs[j]!];
    const match = matchGraphs(first, second, labels);
    const changed = compareGraphs(first, second, match, {
      path: `subgraphs[${i}]`,
      otherPath: `subgraphs[${j}]`,
      isSameGraph: (x, y) => partner.get(x) === y,
      ignoreNames: options.ignoreNames ?? false,
      found: (rank, difference) => add(graphRank * (place + 1) + rank, difference),
    });
    return { first, second, match, changed };
  });
  compareSignatures(a, b, partner, (difference) => add(Infinity, difference));
  ranked.sort((x, y) => (x.rank === y.rank ? 0 : x.rank - y.rank));
  const differences = ranked.map(({ difference }) => difference);
  return { differences, ...summary(differences), graphs };
}

function summary(differences: readonly Difference[]): Pick<Comparison, 'counts' | 'maxDifference'> {
  const none = DIFFERENCE_KINDS.map((kind): [DifferenceKind, number] => [kind, 0]);
  const counts = Object.fromEntries(none) as Record<DifferenceKind, number>;
  let max = 0;
  for (const { kind, maxDifference } of differences) {
    counts[kind]++;
    max = Math.max(max, maxDifference ?? 0);
  }
  return { counts, maxDifference: max };
}

type Placed = Pick<Difference, 'kind' | 'side' | 'path' | 'otherPath'>;

const inBoth = (kind: DifferenceKind, path: string, otherPath: string): Placed => ({
  kind,
  side: 'both',
  path,
  otherPath,
});

function onlyIn(side: 'first' | 'second', kind: DifferenceKind, path: string, what = ''): Difference {
  return { kind, side, path, message: `${what === '' ? '' : `${what} is `}only in the ${side}` };
}

function* unpairedGraphs(a: Module, b: Module, pairs: readonly [number, number][]): Generator<Difference> {
  for (const [side, { graphs }, place] of [
    ['first', a, 0],
    ['second', b, 1],
  ] as const)
    for (const [i, { name }] of graphs.entries())
      if (!pairs.some((pair) => pair[place] === i))
        yield onlyIn(side, 'interface', `subgraphs[${i}]`, `the subgraph '${name}'`);
}

function compareMetadata(a: Module, b: Module, add: (difference: Difference) => void): void {
  const bytes = (module: Module) =>
    new Map((module.metadata ?? []).map(({ name, buffer }) => [name ?? '', buffer.data]));
  const [left, right] = [bytes(a), bytes(b)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [x, y] = [left.get(name), right.get(name)];
    const read = (data: typeof x) =>
      data ? (data instanceof Uint8Array ? data : data.read()) : new Uint8Array(0);
    const path = `metadata '${name}'`;
    if (!right.has(name)) add(onlyIn('first', 'model', path));
    else if (!left.has(name)) add(onlyIn('second', 'model', path));
    else if (Buffer.compare(read(x), read(y)) !== 0)
      add({ ...inBoth('model', path, path), message: 'other bytes' });
  }
}

function compareSignatures(
  a: Module,
  b: Module,
  partner: ReadonlyMap<Graph, Graph>,
  add: (difference: Difference) => void,
): void {
  const [left, right] = [a.signatures ?? [], b.signatures ?? []];
  left.forEach((signature, i) => {
    const path = `signature_defs[${i}]`;
    const j = right.findIndex(({ key }) => key === signature.key);
    const other = right[j];
    if (!other) {
      add(onlyIn('first', 'signatures', path, `'${signature.key}'`));
      return;
    }
    const both = (part: string): Placed => inBoth('signatures', path + part, `signature_defs[${j}]${part}`);
    if (partner.get(signature.graph) !== other.graph)
      add({ ...both(''), message: `'${signature.key}' runs another subgraph` });
    else
      for (const side of ['inputs', 'outputs'] as const) {
        const [mine, theirs] = [ports(signature, side), ports(other, side)];
        if (mine !== theirs) add({ ...both(`.${side}`), message: `${mine} against ${theirs}` });
      }
  });
  right.forEach(({ key }, j) => {
    if (!left.some((signature) => signature.key === key))
      add(onlyIn('second', 'signatures', `signature_defs[${j}]`, `'${key}'`));
  });
}

/** Names of ports with the place of their tensor among the graph's inputs or outputs. */
function ports(signature: Signature, side: 'inputs' | 'outputs'): string {
  const values: Value[] = signature.graph[side];
  return json((signature[side] ?? []).map(({ name, value }) => [name, values.indexOf(value)]));
}
