/** `o2o diff` and `o2o view` on random changes of graphs: what one reports the other shows, whichever model comes first. */
import assert from 'node:assert/strict';
import { compareModules, type Difference, type ModuleComparison } from '../../../../lib/ir/diff/index.ts';
import { lift, lower, type Module, type Op, type Value } from '../../../../lib/ir/graph/index.ts';
import { type Scene, sceneOf } from '../../../../lib/view/index.ts';
import { attentionBlock } from '../../../support/attention-block.ts';
import { type Random, renameAll, reorderAll, seeded } from '../../../support/mutate.ts';
import { mutations, randomGraph } from '../../../support/mutate-graph.ts';

const copyOf = (module: Module) => lift(lower(module));

/** Other names inside and another order: the interface keeps its names. */
function disguise(module: Module, random: Random): void {
  const names = module.graphs.map(({ inputs, outputs }) => [...inputs, ...outputs].map(({ name }) => name));
  renameAll(module, random);
  reorderAll(module, random);
  for (const [g, { inputs, outputs }] of module.graphs.entries())
    for (const [i, value] of [...inputs, ...outputs].entries()) value.name = names[g]![i]!;
}

/** Pairs of a graph and a changed copy of it, of every mutation and of several at once. */
function* changedPairs(runs: number): Generator<{ a: Module; b: Module; what: string; random: Random }> {
  for (let seed = 1; seed <= runs; seed++) {
    const random = seeded(seed);
    for (const name of [...Object.keys(mutations), 'several']) {
      const a = seed % 4 === 0 ? attentionBlock().module : randomGraph(random);
      const b = copyOf(a);
      const list = name === 'several' ? Object.keys(mutations) : [name];
      const done = list.filter((mutation) => mutations[mutation]!(b, random));
      if (done.length === 0) continue;
      if (seed % 2 === 0) disguise(b, random);
      yield { a, b, what: `seed ${seed}: ${done.join(', ')}`, random };
    }
  }
}

const found = (a: Module, b: Module) => compareModules(a, b, { ignoreNames: true });

/** What `compareModules` says of the first graphs, as operators and values of them. */
class Reported {
  readonly removed = new Set<Op>();
  readonly added = new Set<Op>();
  readonly changed = new Set<Op>();
  readonly rewired = new Set<Op>();

  constructor({ differences, graphs }: ModuleComparison) {
    const { first, second } = graphs[0]!;
    for (const difference of differences) {
      const { kind, side, path, otherPath } = difference;
      const op = first.ops[numberIn(path)];
      if (kind === 'operators') {
        if (side !== 'second') this.removed.add(op!);
        if (side !== 'first') this.added.add(second.ops[numberIn(side === 'both' ? otherPath! : path)]!);
      } else if (kind === 'connections' && op) this.rewired.add(op);
      else if (kind === 'options') this.changed.add(op!);
      else if (kind === 'types' || kind === 'constants') {
        const value = valueAt(first, path);
        if (value.producer) this.changed.add(value.producer);
        else if (value.isConstant) for (const user of value.users) if (user === op) this.changed.add(user);
      }
    }
  }
}

const numberIn = (path: string) => Number(/operators\[(\d+)\]/.exec(path)?.[1] ?? -1);

function valueAt(graph: Module['graphs'][number], path: string): Value {
  const [, op, side, place] = /^subgraphs\[0\](?:\.operators\[(\d+)\])?\.(inputs|outputs)\[(\d+)\]$/.exec(
    path,
  )!;
  const holder = op === undefined ? graph : graph.ops[Number(op)]!;
  return holder[side as 'inputs' | 'outputs'][Number(place)]!;
}

/** What a page shows of the same. */
function shown({ nodes }: Scene) {
  const of = (status: string, side: 'before' | 'after') =>
    new Set(nodes.flatMap((node) => (node.kind === 'op' && node.status === status ? [node.op[side]!] : [])));
  const rewired = nodes.filter(
    (node) => node.op.before && node.op.after && node.in.some(({ status }) => status !== 'same'),
  );
  return {
    removed: of('removed', 'before'),
    added: of('added', 'after'),
    changed: of('changed', 'before'),
    rewired: new Set(rewired.map(({ op }) => op.before!)),
    isSame: nodes.every((node) => node.status === 'same' && node.in.every(({ status }) => status === 'same')),
  };
}

const inWords = (differences: readonly Difference[]) =>
  differences.map(({ kind, side, path, otherPath }) => `${kind} ${side} ${path} ${otherPath}`).sort();

function turned({ kind, side, path, otherPath, message }: Difference): Difference {
  const other = { first: 'second', second: 'first', both: 'both' } as const;
  const places = side === 'both' ? { path: otherPath!, otherPath: path } : { path };
  return { kind, side: other[side], message, ...places };
}

describe('ir/diff and view, on random changes', function () {
  this.timeout(120_000);

  it('find no difference between a graph and a copy under other names, in another order', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const a = randomGraph(random);
      const b = copyOf(a);
      disguise(b, random);
      const comparison = found(a, b);
      assert.deepEqual(comparison.differences, [], `seed ${seed}`);
      for (const compared of comparison.graphs)
        assert.ok(shown(sceneOf({ kind: 'both', compared })).isSame, `seed ${seed}`);
    }
  });

  it('find the same removed, added and changed operators', () => {
    const seen = { removed: 0, added: 0, changed: 0, rewired: 0 };
    for (const { a, b, what } of changedPairs(40)) {
      const comparison = found(a, b);
      const reported = new Reported(comparison);
      const page = shown(sceneOf({ kind: 'both', compared: comparison.graphs[0]! }));
      assert.deepEqual(page.removed, reported.removed, what);
      assert.deepEqual(page.added, reported.added, what);
      // An operator that reads the same tensors in another order is drawn as changed: no line could show it.
      for (const op of page.changed) assert.ok(reported.changed.has(op) || reported.rewired.has(op), what);
      for (const op of reported.changed) assert.ok(page.changed.has(op), what);
      for (const op of reported.rewired) assert.ok(page.rewired.has(op) || page.changed.has(op), what);
      assert.equal(page.isSame, comparison.differences.length === 0, what);
      for (const key of ['removed', 'added', 'changed', 'rewired'] as const) seen[key] += reported[key].size;
    }
    for (const [key, count] of Object.entries(seen)) assert.ok(count > 50, `${count} ${key}`);
  });

  it('find the same the other way round', () => {
    for (const { a, b, what } of changedPairs(40)) {
      const [there, back] = [found(a, b).differences, found(b, a).differences];
      assert.deepEqual(inWords(back.map(turned)), inWords(there), what);
    }
    // Graphs with little in common, for which the search would end elsewhere if it started from the other one.
    for (const seed of [194, 955, 989, 1116]) {
      const random = seeded(seed);
      const a = randomGraph(random);
      const b = seed % 3 === 0 ? randomGraph(random) : copyOf(a);
      for (let k = 0; k < 4; k++) for (const mutation of Object.values(mutations)) mutation(b, random);
      renameAll(b, random);
      reorderAll(b, random);
      const [there, back] = [found(a, b).differences, found(b, a).differences];
      assert.deepEqual(inWords(back.map(turned)), inWords(there), `seed ${seed}`);
    }
  });

  it('find one operator where one was put in, taken out or added, and none where none was', () => {
    const expected: Record<string, number> = {
      'an operator put in': 1,
      'an operator taken out': 1,
      'a dead operator': 1,
    };
    let [cases, more] = [0, 0];
    for (let seed = 1; seed <= 100; seed++)
      for (const name of Object.keys(mutations)) {
        const random = seeded(1000 + seed);
        const a = randomGraph(random);
        const b = copyOf(a);
        if (!mutations[name]!(b, random)) continue;
        const { counts } = found(a, b);
        cases++;
        // A chain of equal operators that is read from another place may look like one taken out and one put in.
        if (counts.operators > (expected[name] ?? 0)) more++;
        assert.ok(counts.operators >= (expected[name] ?? 0), `${name}, seed ${seed}`);
      }
    assert.ok(more / cases < 0.01, `${more} of ${cases}`);
  });
});
