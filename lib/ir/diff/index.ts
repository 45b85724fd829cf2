/**
 * Two modules compared by structure: numbering, the order of operators where they do not depend on each other, and of
 * tensors, buffers and operator codes do not matter. Inputs and outputs belong together by place, subgraphs by the
 * signature that names them, then by place.
 */
import type { Module, Signature, Value } from '../graph/index.ts';
import { json } from './describe.ts';
import { DIFFERENCE_KINDS, type Difference, type DifferenceKind } from './difference.ts';
import { compareGraphs } from './graphs.ts';

export { DIFFERENCE_KINDS, type Difference, type DifferenceKind } from './difference.ts';

export interface DiffOptions {
  /** Names of tensors that are neither inputs nor outputs do not matter. */
  ignoreNames?: boolean;
}

export interface Comparison {
  /** In the order of the first module. */
  differences: Difference[];
  counts: Record<DifferenceKind, number>;
  /** The largest |a − b| of all constants; Infinity where only one side is a number. */
  maxDifference: number;
}

/** Everything in which `b` differs from `a`. */
export function compareModules(a: Module, b: Module, options: DiffOptions = {}): Comparison {
  const ranked: { rank: number; difference: Difference }[] = [];
  const add = (rank: number, difference: Difference) => {
    ranked.push({ rank, difference });
  };
  const graphRank = 1e9;
  for (const field of ['version', 'description'] as const)
    if (a[field] !== b[field])
      add(0, { kind: 'model', path: field, message: `${json(a[field])} against ${json(b[field])}` });
  compareMetadata(a, b, (difference) => add(0, difference));
  const pairs = pairGraphs(a, b);
  if (a.graphs.length !== b.graphs.length)
    add(0, {
      kind: 'interface',
      path: 'subgraphs',
      message: `${a.graphs.length} subgraphs against ${b.graphs.length}`,
    });
  pairs.forEach(([g, other], i) => {
    const partner = new Map(pairs.map(([x, y]) => [a.graphs[x]!, b.graphs[y]!]));
    compareGraphs(a.graphs[g]!, b.graphs[other]!, {
      path: `subgraphs[${g}]`,
      otherPath: `subgraphs[${other}]`,
      isSameGraph: (x, y) => partner.get(x) === y,
      ignoreNames: options.ignoreNames ?? false,
      found: (rank, difference) => add(graphRank * (i + 1) + rank, difference),
    });
  });
  compareSignatures(a, b, pairs, (difference) => add(Infinity, difference));
  ranked.sort((x, y) => (x.rank === y.rank ? 0 : x.rank - y.rank));
  const differences = ranked.map(({ difference }) => difference);
  const counts = Object.fromEntries(DIFFERENCE_KINDS.map((kind) => [kind, 0])) as Record<
    DifferenceKind,
    number
  >;
  let maxDifference = 0;
  for (const { kind, maxDifference: most } of differences) {
    counts[kind]++;
    if (most !== undefined) maxDifference = Math.max(maxDifference, most);
  }
  return { differences, counts, maxDifference };
}

/** By the signatures of the same name, then by place. */
function pairGraphs(a: Module, b: Module): [number, number][] {
  const pairs = new Map<number, number>();
  const taken = new Set<number>();
  for (const { key, graph } of a.signatures ?? []) {
    const other = b.signatures?.find((signature) => signature.key === key);
    const [g, h] = [a.graphs.indexOf(graph), other ? b.graphs.indexOf(other.graph) : -1];
    if (h < 0 || pairs.has(g) || taken.has(h)) continue;
    pairs.set(g, h);
    taken.add(h);
  }
  for (const g of a.graphs.keys()) {
    if (pairs.has(g)) continue;
    const h = [g, ...b.graphs.keys()].find((index) => index < b.graphs.length && !taken.has(index));
    if (h === undefined) continue;
    pairs.set(g, h);
    taken.add(h);
  }
  return [...pairs].sort(([x], [y]) => x - y);
}

function compareMetadata(a: Module, b: Module, add: (difference: Difference) => void): void {
  const bytes = (module: Module) =>
    new Map((module.metadata ?? []).map(({ name, buffer }) => [name ?? '', buffer.data]));
  const [left, right] = [bytes(a), bytes(b)];
  for (const name of new Set([...left.keys(), ...right.keys()])) {
    const [x, y] = [left.get(name), right.get(name)];
    const read = (data: typeof x) =>
      data ? (data instanceof Uint8Array ? data : data.read()) : new Uint8Array(0);
    const isSame = left.has(name) === right.has(name) && Buffer.compare(read(x), read(y)) === 0;
    if (!isSame)
      add({
        kind: 'model',
        path: `metadata '${name}'`,
        message: !right.has(name)
          ? 'only in the first'
          : !left.has(name)
            ? 'only in the second'
            : 'other bytes',
      });
  }
}

function compareSignatures(
  a: Module,
  b: Module,
  pairs: readonly [number, number][],
  add: (difference: Difference) => void,
): void {
  const [left, right] = [a.signatures ?? [], b.signatures ?? []];
  const partner = new Map(pairs);
  left.forEach((signature, i) => {
    const path = `signature_defs[${i}]`;
    const other = right.find(({ key }) => key === signature.key);
    if (!other) add({ kind: 'signatures', path, message: `'${signature.key}' is only in the first` });
    else if (partner.get(a.graphs.indexOf(signature.graph)) !== b.graphs.indexOf(other.graph))
      add({ kind: 'signatures', path, message: `'${signature.key}' runs another subgraph` });
    else
      for (const side of ['inputs', 'outputs'] as const) {
        const [mine, theirs] = [ports(signature, side), ports(other, side)];
        if (mine !== theirs)
          add({ kind: 'signatures', path: `${path}.${side}`, message: `${mine} against ${theirs}` });
      }
  });
  right.forEach((signature, i) => {
    if (!left.some(({ key }) => key === signature.key))
      add({
        kind: 'signatures',
        path: `signature_defs[${i}]`,
        message: `'${signature.key}' is only in the second`,
      });
  });
}

/** Names of ports with the place of their tensor among the graph's inputs or outputs. */
function ports(signature: Signature, side: 'inputs' | 'outputs'): string {
  const values: Value[] = signature.graph[side];
  return json((signature[side] ?? []).map(({ name, value }) => [name, values.indexOf(value)]));
}
