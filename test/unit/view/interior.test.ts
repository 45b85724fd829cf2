import assert from 'node:assert/strict';
import { collect } from '../../../lib/view/collect.ts';
import type { GraphData } from '../../../lib/view/data.ts';
import { layers } from '../../support/layers.ts';
import { textGraph } from '../../support/text-graph.ts';

const shown = (text: string): GraphData =>
  collect(null, { name: 'm', module: textGraph(text).module }).graphs[0]!;

/** `from>to label` for every line in a block. */
function linesOf(graph: GraphData, layouts: ReturnType<typeof collect>['layouts'], block: number): string[] {
  const { children, edges, layout } = graph.blocks[block]!;
  return layouts[layout]!.edges.map(({ from, to }, i) =>
    `${children[from]!.title}>${children[to]!.title} ${edges[i]!.label}`.trim(),
  );
}

describe('view/interior', () => {
  it('draws lines from what makes a tensor to each reader, and labels the first with its shape', () => {
    const page = collect(null, {
      name: 'm',
      module: textGraph('input x f32[1,4]\na = NEG(x)\nb = ABS(a)\nc = ADD(a, b)\noutput c').module,
    });
    assert.deepEqual(linesOf(page.graphs[0]!, page.layouts, 0), [
      'x>NEG 1×4',
      'NEG>ABS 1×4',
      'NEG>ADD',
      'ABS>ADD 1×4',
      'ADD>c 1×4',
    ]);
  });

  it('names a tensor that many boxes read instead of drawing a line to each', () => {
    const reads = (count: number) =>
      shown(
        [
          'input x f32[1]',
          'm = NEG(x)',
          ...Array.from({ length: count }, (_, i) => `r${i} = ABS(m)\noutput r${i}`),
        ].join('\n'),
      ).blocks[0]!;
    const few = reads(4);
    assert.ok(few.children.every(({ shared }) => shared.length === 0));
    const many = reads(5);
    assert.equal(many.children.filter(({ shared }) => shared.length === 1).length, 5);
    assert.equal(many.children.filter(({ lines }) => lines.includes('← m')).length, 5);
    assert.ok(many.children.some(({ lines }) => lines.includes('read in 5 places')));
    // x to m, and the five outputs.
    assert.equal(many.edges.length, 6);
  });

  it('makes one line of many between the same two boxes', () => {
    const page = collect(null, { name: 'm', module: textGraph(layers(8)).module });
    const graph = page.graphs[0]!;
    const lines = linesOf(graph, page.layouts, 0);
    assert.deepEqual(lines.filter((line) => line.includes('layer')).sort(), [
      'CAST>layer × 8 1',
      'GATHER>layer × 8 1×1×4',
      'layer × 8>ABS 1×1×4',
    ]);
    const outputs = Array.from({ length: 7 }, (_, i) => `output r${i}`).join('\n');
    const split = `input x f32[7]\n${Array.from({ length: 7 }, (_, i) => `r${i}`).join(', ')} = SPLIT(0, x) numSplits=7\n`;
    const packed = `${split}p = CONCATENATION(${Array.from({ length: 7 }, (_, i) => `r${i}`).join(', ')}) axis=0\noutput p`;
    const [block] = shown(packed).blocks;
    assert.deepEqual(
      block!.edges.map(({ tensors, label }) => [tensors.length, label]),
      [
        [1, '7'],
        [7, '7 tensors'],
        [1, '7'],
      ],
    );
    assert.equal(shown(split + outputs).blocks[0]!.edges.length, 8);
  });

  it('draws what crosses the border of a block as a port in it', () => {
    const graph = shown(layers(4));
    const layer = graph.blocks.find(({ title }) => title === 'layer 1')!;
    const ports = layer.children.filter(({ kind }) => kind === 'port').map(({ title }) => title);
    assert.deepEqual(ports.sort(), ['mask', 'r0', 'r1']);
  });
});
