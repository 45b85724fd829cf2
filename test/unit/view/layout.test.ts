import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Layout } from '../../../lib/view/data.ts';
import type { Child, Interior } from '../../../lib/view/interior.ts';
import { Layouts } from '../../../lib/view/layout.ts';

function interior(titles: readonly string[], edges: readonly [number, number, string?][]): Interior {
  const children = titles.map(
    (title, index): Child => ({ kind: 'node', index, title, lines: [], shared: [] }),
  );
  return {
    children,
    edges: edges.map(([from, to, label]) => ({ from, to, tensors: [0], status: 'same', label: label ?? '' })),
  };
}

function layOut(content: Interior): Layout {
  const layouts = new Layouts();
  return layouts.list[layouts.add(content)]!;
}

/** Nothing overlaps, and everything lies in the frame. */
function assertTidy({ width, height, boxes, edges }: Layout): void {
  boxes.forEach(([x, y, w, h], i) => {
    assert.ok(x - w / 2 >= 0 && x + w / 2 <= width, `box ${i} across`);
    assert.ok(y - h / 2 >= 0 && y + h / 2 <= height, `box ${i} down`);
    boxes.slice(0, i).forEach(([x2, y2, w2, h2], j) => {
      const apart = Math.abs(x - x2) >= (w + w2) / 2 - 0.2 || Math.abs(y - y2) >= (h + h2) / 2 - 0.2;
      assert.ok(apart, `boxes ${j} and ${i} overlap`);
    });
  });
  for (const { points, from, to } of edges) {
    assert.ok(boxes[from] && boxes[to] && points.length >= 2);
    for (const [x, y] of points)
      assert.ok(x >= -0.1 && x <= width + 0.1 && y >= -0.1 && y <= height + 0.1, 'a line leaves the frame');
  }
}

describe('view/layout', () => {
  it('puts readers below what they read', () => {
    const layout = layOut(
      interior(
        ['a', 'b', 'c'],
        [
          [0, 1, '1×4'],
          [1, 2],
          [0, 2],
        ],
      ),
    );
    assertTidy(layout);
    const [a, b, c] = layout.boxes.map(([, y]) => y);
    assert.ok(a! < b! && b! < c!);
    assert.deepEqual(
      layout.edges.map(({ label }) => label !== null),
      [true, false, false],
    );
  });

  it('is tidy for any graph, with cycles, parallel lines and lonely boxes', () => {
    const graph = fc.tuple(
      fc.array(fc.string({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(11), fc.nat(11), fc.constantFrom('', '1×64')), { maxLength: 20 }),
    );
    fc.assert(
      fc.property(graph, ([titles, pairs]) => {
        const edges = pairs.filter(([a, b]) => a !== b && a < titles.length && b < titles.length);
        assertTidy(layOut(interior(titles, edges)));
      }),
      { numRuns: 100, seed: 1 },
    );
    assertTidy(layOut(interior([], [])));
  });

  it('gives blocks of one form one layout, and the same numbers every time', () => {
    const content = () =>
      interior(
        ['NEG', 'ADD'],
        [
          [0, 1],
          [0, 1],
        ],
      );
    const layouts = new Layouts();
    assert.deepEqual([layouts.add(content()), layouts.add(content())], [0, 0]);
    assert.equal(layouts.add(interior(['NEG', 'MINIMUM'], [[0, 1]])), 1);
    assert.deepEqual(layOut(content()), layouts.list[0]);
  });

  it('does what dagre cannot: long chains, and more crossing lines than anyone can follow', function () {
    this.timeout(20_000);
    const names = Array.from({ length: 2000 }, (_, i) => `n${i}`);
    assertTidy(
      layOut(
        interior(
          names,
          names.slice(1).map((_, i) => [i, i + 1] as [number, number]),
        ),
      ),
    );
    const few = names.slice(0, 400);
    const mesh = few.slice(1).flatMap((_, i): [number, number][] => [
      [i, i + 1],
      [Math.floor(i / 3), i + 1],
    ]);
    assertTidy(layOut(interior(few, mesh)));
  });
});
