import assert from 'node:assert/strict';
import fc from 'fast-check';
import { collect } from '../../../../lib/view/collect.ts';
import type { PageData } from '../../../../lib/view/data.ts';
import { type Arrangement, arrange, type Box, HEADING } from '../../../../lib/view/page/arrange.ts';
import { stretchOf } from '../../../../lib/view/page/stretch.ts';
import { golden, needShared } from '../../../support/goldens.ts';
import { apply } from '../../../support/passes.ts';

describe('view/page/stretch', () => {
  const interval = fc.record({
    from: fc.integer({ min: 0, max: 200 }),
    length: fc.integer({ min: 1, max: 100 }),
    grows: fc.integer({ min: 0, max: 500 }),
  });

  it('makes room for everything that grows, and never brings anything closer', () => {
    fc.assert(
      fc.property(fc.array(interval, { maxLength: 8 }), fc.nat(400), fc.nat(400), (list, p, q) => {
        const grown = list.map(({ from, length, grows }) => ({
          from,
          to: from + length,
          size: length + grows,
        }));
        const at = stretchOf(grown);
        for (const { from, to, size } of grown) assert.ok(at(to) - at(from) >= size - 1e-6);
        const [low, high] = [Math.min(p, q), Math.max(p, q)];
        assert.ok(at(high) - at(low) >= high - low - 1e-6);
      }),
      { seed: 2 },
    );
  });

  it('moves nothing when nothing grows, and no more than the widest of a column needs', () => {
    assert.equal(stretchOf([])(17), 17);
    assert.equal(stretchOf([{ from: 10, to: 20, size: 10 }])(30), 30);
    const column = Array.from({ length: 22 }, () => ({ from: 10, to: 20, size: 110 }));
    assert.equal(stretchOf(column)(30), 130);
  });
});

const right = ({ x, width }: Box) => x + width;
const bottom = ({ y, height }: Box) => y + height;

/** No two boxes of a block overlap, all lie inside it, and lines end at the edges of their boxes. */
function assertTidy({ width, height, boxes, lines }: Arrangement): number {
  const frames = new Map(boxes.filter(({ isOpen }) => isOpen).map((box) => [box.child.index, box]));
  const inside = new Map<number, Box[]>();
  for (const box of boxes) inside.set(box.block, [...(inside.get(box.block) ?? []), box]);
  for (const [block, list] of inside) {
    const frame = frames.get(block);
    const [left, top] = frame ? [frame.x, frame.y + HEADING] : [0, 0];
    const [end, low] = frame ? [right(frame), bottom(frame)] : [width, height];
    list.forEach((box, i) => {
      assert.ok(
        box.x >= left - 0.2 && box.y >= top - 0.2 && right(box) <= end + 0.2 && bottom(box) <= low + 0.2,
      );
      for (const other of list.slice(0, i))
        assert.ok(
          right(box) <= other.x + 0.2 ||
            right(other) <= box.x + 0.2 ||
            bottom(box) <= other.y + 0.2 ||
            bottom(other) <= box.y + 0.2,
          `${box.child.title} and ${other.child.title} overlap`,
        );
    });
  }
  for (const { points, from, to } of lines) {
    const [start, end] = [points[0]!, points.at(-1)!];
    assert.ok(start[0] >= from.x && start[0] <= right(from));
    assert.ok(end[0] >= to.x && end[0] <= right(to));
    assert.ok([from.y, bottom(from)].includes(start[1]) && [to.y, bottom(to)].includes(end[1]));
  }
  return boxes.length;
}

describe('view/page/arrange', () => {
  before(needShared);
  const pages = (): PageData[] => {
    const fused = golden('probe/decode_.circle');
    apply(fused, 'fuse.attention');
    const decode = { name: 'decode_', module: golden('probe/decode_.circle') };
    return [collect(null, decode), collect(decode, { name: 'fused', module: fused })];
  };

  it('unfolds any blocks without overlap', function () {
    this.timeout(60_000);
    for (const { graphs, layouts } of pages()) {
      const graph = graphs[0]!;
      const folded = assertTidy(arrange(graph, layouts, new Set()));
      const all = new Set(graph.blocks.keys());
      const open = arrange(graph, layouts, all);
      assertTidy(open);
      // Unfolded, every node is there once.
      const drawn = open.boxes.filter(({ child }) => child.kind === 'node').map(({ child }) => child.index);
      assert.deepEqual(
        drawn.sort((a, b) => a - b),
        graph.nodes.map((_, i) => i),
      );
      assert.ok(folded < 40 && graph.nodes.length > 500, `${folded} boxes of ${graph.nodes.length}`);
      fc.assert(
        fc.property(fc.subarray([...all]), (some) => {
          assertTidy(arrange(graph, layouts, new Set(some)));
        }),
        { numRuns: 15, seed: 6 },
      );
    }
  });
});
