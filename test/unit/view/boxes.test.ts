import assert from 'node:assert/strict';
import { collect } from '../../../lib/view/collect.ts';
import type { GraphData } from '../../../lib/view/data.ts';
import { layers } from '../../support/layers.ts';
import { textGraph } from '../../support/text-graph.ts';

const shown = (text: string, before?: string): GraphData =>
  collect(before === undefined ? null : { name: 'before', module: textGraph(before).module }, {
    name: 'after',
    module: textGraph(text).module,
  }).graphs[0]!;

/** Title and lines of the boxes of a block. */
function boxesOf({ blocks }: GraphData, block = 0): string[] {
  return blocks[block]!.children.map(({ title, lines }) => [title, ...lines].join('|'));
}

describe('view/boxes', () => {
  it('shows small constants by their values, large ones by their shapes, and the fused activation', () => {
    const text = `input x f32[1,4]\nconst w f32[4,4] = random 1
a = RESHAPE(x, [4,1])\nb = MUL(a, 0.5)\nc = FULLY_CONNECTED(x, w, -) fusedActivationFunction=RELU\noutput b\noutput c`;
    const boxes = boxesOf(shown(text));
    for (const box of ['RESHAPE|[4, 1]', 'MUL|0.5', 'FULLY_CONNECTED|4×4|RELU', 'x|1×4', 'c|1×4'])
      assert.ok(boxes.includes(box), `${box} in ${boxes.join('   ')}`);
  });

  it('keeps long names whole, in lines', () => {
    const name = 'past_key_values_of_the_first_attention_block.key';
    const [box] = boxesOf(shown(`input ${name} f32[1]\ny = NEG(${name})\noutput y`));
    const lines = box!.split('|');
    assert.equal(lines.pop(), '1');
    assert.equal(lines.join('').replaceAll('\n', ''), name);
  });

  it('says what is in a folded block: operators, inputs, bytes, and what it reads', () => {
    const graph = shown(layers(6));
    assert.ok(boxesOf(graph).includes('layer × 6|54 operators|6 inputs|1.15 kB of constants'));
    const stack = graph.blocks.findIndex(({ isStack }) => isStack);
    assert.ok(boxesOf(graph, stack).includes('layer 2|9 operators|1 input|192 B of constants|← mask'));
    assert.ok(boxesOf(graph, stack).includes('mask|read in 6 places'));
  });

  it('says of both models what is in a block, and what differs', () => {
    const odd = layers(6).replaceAll(/h(\d) = NEG\(s\d\)/g, 'g$1 = ABS(s$1)\nh$1 = NEG(g$1)');
    const boxes = boxesOf(shown(odd, layers(6)));
    assert.ok(
      boxes.includes('layer × 6|54 → 60 operators|6 inputs|1.15 kB of constants|+ 6 operators'),
      boxes.join('   '),
    );
  });
});
