import assert from 'node:assert/strict';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import { apply, assertUntouched, bytesOfModule, opsOf, portsOf, sign } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'reorder.output.move_0_to_last';
const THREE = 'input x f32[1]\nlogits = NEG(x)\nk = EXP(x)\nv = ABS(x)\noutput logits\noutput k\noutput v';

describe('passes/reorder.output.move_0_to_last', () => {
  it('hit: graph and signature; inputs and operators stay', () => {
    const { module, graph } = textGraph(THREE);
    sign(module);
    const before = opsOf(graph);
    assert.equal(apply(module, NAME).changed, 1);
    assert.deepEqual(
      graph.outputs.map(({ name }) => name),
      ['k', 'v', 'logits'],
    );
    assert.deepEqual(portsOf(module), { inputs: ['x'], outputs: ['k', 'v', 'logits'] });
    assert.deepEqual(opsOf(graph), before);
  });

  it('near miss: one output', () => {
    assertUntouched(
      textGraph('input x f32[1]\ny = NEG(x)\noutput y').module,
      /'subgraph' has 1 outputs/,
      NAME,
    );
  });

  it('shared value: a signature of another graph keeps its order', () => {
    const [first, second] = [textGraph(THREE), textGraph('input x f32[1]\ny = NEG(x)\noutput y')];
    const port = second.graph.outputs.map((value) => ({ name: value.name, value }));
    first.module.graphs.push(second.graph);
    for (const value of second.graph.values) value.buffer = first.module.sentinel;
    first.module.signatures = [{ key: 'second', graph: second.graph, inputs: null, outputs: port }];
    assert.equal(apply(first.module, NAME).changed, 1);
    assert.deepEqual(portsOf(first.module).outputs, ['y']);
  });

  it('numeric equality', () => {
    const { module, graph, value } = textGraph(THREE);
    apply(module, NAME);
    const results = evaluate(graph, new Map([[value('x'), tensorFor(value('x'), [-2])]]));
    assert.deepEqual([...results.get(value('logits'))!.data, ...results.get(value('v'))!.data], [2, 2]);
  });

  it('is a rotation, not idempotent: as many runs as there are outputs give the file back', () => {
    const { module } = textGraph(THREE);
    sign(module);
    const before = bytesOfModule(module);
    for (let i = 0; i < 3; i++) apply(module, NAME);
    assert.equal(Buffer.compare(bytesOfModule(module), before), 0);
  });
});
