import assert from 'node:assert/strict';
import { readModel, writeModel } from '../../../lib/circle/index.ts';
import { evaluateOver } from '../../../lib/ir/evaluate/index.ts';
import { lift, lower } from '../../../lib/ir/graph/index.ts';
import { decodeEntry } from '../../../lib/plan/entry.ts';
import { compile } from '../../../lib/plan/index.ts';
import { positionModule, tabulate, tabulatePositions } from '../../../lib/plan/tables.ts';
import { attentionBlock } from '../../support/attention-block.ts';

describe('plan/tables', () => {
  it('gives the rows of any positions, in any order of asking', () => {
    const { graph, module, value } = attentionBlock();
    const names = ['cos', 'sin'];
    const tables = tabulate(decodeEntry(module), names.map(value));
    let compared = 0;
    for (const [first, count] of [
      [0, 8],
      [8, 3],
      [0, 8],
      [4000, 2],
    ] as const)
      names.forEach((name, i) => {
        const positions = Array.from({ length: count }, (_, p) => first + p);
        const want = evaluateOver(graph, value(name), value('cache_position'), positions);
        assert.deepEqual(tables[i]!.evaluate(first, count), want, `${name} from ${first}`);
        compared += want.length;
      });
    assert.deepEqual([tables.map(({ width }) => width), compared], [[4, 4], 2 * 4 * 21]);
  });

  it('are the same from a file with the graph of the tables alone', () => {
    const { module, graph, value } = attentionBlock();
    const entry = decodeEntry(module);
    const values = [value('cos'), value('sin')];
    const before = [graph.ops.length, graph.inputs.length];
    const file = writeModel(lower(positionModule(entry, values)));
    assert.deepEqual([graph.ops.length, graph.inputs.length], before);
    const part = lift(readModel(file));
    assert.ok(part.graphs[0]!.ops.length > 0 && part.graphs[0]!.ops.length < graph.ops.length / 2);
    const [tables, whole] = [tabulatePositions(part), tabulate(entry, values)];
    assert.equal(tables.length, 2);
    for (const [i, table] of tables.entries()) {
      assert.equal(table.width, whole[i]!.width);
      assert.deepEqual(table.evaluate(3, 40), whole[i]!.evaluate(3, 40));
    }
  });

  it('computes a block once for all tables', () => {
    const { module, value } = attentionBlock();
    const [cos, sin] = tabulate(decodeEntry(module), [value('cos'), value('sin')]);
    const first = cos!.evaluate(5, 6);
    const second = sin!.evaluate(5, 6);
    assert.equal(cos!.evaluate(5, 6), first);
    assert.equal(sin!.evaluate(5, 6), second);
    assert.notEqual(cos!.evaluate(5, 7), first);
  });

  it('refuses RoPE that cannot be evaluated when the model is compiled, not when it runs', () => {
    const { module } = attentionBlock({ 'c =': 'c: f32[1,1,4] = CUSTOM(both)' });
    assert.throws(() => compile(module), { code: 'EVALUATE_UNSUPPORTED', message: /CUSTOM/ });
  });
});
