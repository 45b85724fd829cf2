import assert from 'node:assert/strict';
import fc from 'fast-check';
import { findRepeats, isConvex, type RepeatInput, topological } from '../../../lib/view/repeat.ts';

/** Nodes as `form: sources`, by name. */
function graphOf(lines: readonly string[]): RepeatInput & { names: string[]; named(node: number): string } {
  const parsed = lines.map((line) => {
    const [, name, form, reads] = /^(\w+) = (\w+)\(([^)]*)\)$/.exec(line)!;
    return { name: name!, form: form!, reads: reads!.split(/,\s*/).filter(Boolean) };
  });
  const names = parsed.map(({ name }) => name);
  const forms = [...new Set(parsed.map(({ form }) => form))];
  const sources = parsed.map(({ reads }) => reads.map((read) => names.indexOf(read)));
  const users = names.map((_, i) => sources.flatMap((list, user) => (list.includes(i) ? [user] : [])));
  return {
    forms: parsed.map(({ form }) => forms.indexOf(form)),
    sources,
    users,
    names,
    named: (node) => names[node]!,
  };
}

/** A residual layer of ten operators that reads x, a mask and a cache of its own; layers of two kinds share one form. */
const layer = (k: number, x: string, kind = '') => [
  `c${k} = cache${kind}()`,
  `n${k} = norm${kind}(${x})`,
  `q${k} = project${kind}(n${k})`,
  `k${k} = project${kind}(n${k})`,
  `a${k} = append${kind}(c${k}, k${k})`,
  `o${k} = out${kind}(a${k})`,
  `s${k} = scores${kind}(q${k}, a${k}, mask)`,
  `w${k} = softmax(s${k})`,
  `p${k} = project2${kind}(w${k})`,
  `r${k} = add(${x}, p${k})`,
];

function model(layers: number, kinds: readonly string[] = ['']): string[] {
  const lines = ['ids = ids()', 'mask = mask()', 'x = gather(ids)'];
  let x = 'x';
  for (let k = 0; k < layers; k++) {
    lines.push(...layer(k, x, kinds[k % kinds.length]));
    x = `r${k}`;
  }
  return [...lines, `f = norm(${x})`, 'head = head(f)'];
}

describe('view/repeat', () => {
  it('finds the layers: what is their own inside, what they share outside, the first and the last like the others', () => {
    const graph = graphOf(model(4));
    const [layers, ...others] = findRepeats(graph);
    assert.equal(others.length, 0);
    const expected = [0, 1, 2, 3].map((k) =>
      ['a', 'c', 'k', 'n', 'o', 'p', 'q', 'r', 's', 'w'].map((n) => n + k),
    );
    assert.deepEqual(
      layers!.map((copy) => copy.map(graph.named).sort()),
      expected,
    );
    // Node k of one copy stands for node k of another.
    for (const copy of layers!)
      assert.deepEqual(
        copy.map((node) => graph.forms[node]),
        layers![0]!.map((node) => graph.forms[node]),
      );
  });

  it('does not depend on the order of the nodes', () => {
    const lines = model(3);
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: lines.length }), (shuffled) => {
        const graph = graphOf(shuffled);
        const sets = findRepeats(graph).map((repeat) =>
          repeat.map((copy) => copy.map(graph.named).sort().join()).sort(),
        );
        const inOrder = graphOf(lines);
        const expected = findRepeats(inOrder).map((repeat) =>
          repeat.map((copy) => copy.map(inOrder.named).sort().join()).sort(),
        );
        assert.deepEqual(sets, expected);
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('finds layers of two kinds as two repeats, not as pairs of layers', () => {
    const found = findRepeats(graphOf(model(5, ['', 'B'])));
    assert.deepEqual(
      found.map((repeat) => repeat.map((copy) => copy.length)),
      [
        [10, 10, 10],
        [10, 10],
      ],
    );
  });

  it('finds nothing in a chain, in a graph without copies, and in copies too small for a box', () => {
    const chain = ['n0 = neg()', ...Array.from({ length: 40 }, (_, i) => `n${i + 1} = neg(n${i})`)];
    assert.deepEqual(findRepeats(graphOf(chain)), []);
    assert.deepEqual(findRepeats(graphOf(model(1))), []);
    const small = ['x = x()', 'a = f(x)', 'b = g(a)', 'c = f(b)', 'd = g(c)'];
    assert.deepEqual(findRepeats(graphOf(small)), []);
  });

  it('gives only boxes that lie on no cycle, without overlap, in any graph', () => {
    // Copies of a random block in a chain, and some lines from anywhere to anywhere.
    const within = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { minLength: 8, maxLength: 24 });
    const across = fc.array(fc.tuple(fc.nat(47), fc.nat(47)), { maxLength: 4 });
    let seen = 0;
    fc.assert(
      fc.property(within, across, (block, lines) => {
        const forms = Array.from({ length: 48 }, (_, i) => i % 12);
        const sources = forms.map((): number[] => []);
        const users = forms.map((): number[] => []);
        const copies = [0, 12, 24, 36].flatMap((at) => block.map(([a, b]) => [at + a, at + b] as const));
        const chain = [12, 24, 36].map((at) => [at - 1, at] as const);
        for (const [a, b] of [...copies, ...chain, ...lines]) {
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          if (from === to) continue;
          sources[to]!.push(from);
          users[from]!.push(to);
        }
        const taken = new Set<number>();
        for (const repeat of findRepeats({ forms, sources, users })) {
          seen++;
          assert.ok(repeat.length >= 2);
          for (const copy of repeat) {
            assert.ok(isConvex({ users }, copy));
            for (const node of copy) {
              assert.ok(!taken.has(node), `${node} is in two boxes`);
              taken.add(node);
            }
          }
        }
      }),
      { numRuns: 100, seed: 8 },
    );
    assert.ok(seen > 10, `looked at ${seen} repeats`);
  });

  it('puts sources first, and ends on cycles', () => {
    const { sources } = graphOf(model(3).reverse());
    const order = topological({ sources });
    const place = new Map(order.map((node, i) => [node, i]));
    assert.equal(order.length, sources.length);
    sources.forEach((list, node) => {
      for (const source of list) assert.ok(place.get(source)! < place.get(node)!);
    });
    assert.deepEqual(topological({ sources: [[1], [0], [1]] }).sort(), [0, 1, 2]);
    const long = Array.from({ length: 100_000 }, (_, i) => (i === 0 ? [] : [i - 1])).reverse();
    assert.equal(topological({ sources: long.map((list) => list.map((i) => 99_999 - i)) }).length, 100_000);
  });
});
