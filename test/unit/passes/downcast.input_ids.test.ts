import assert from 'node:assert/strict';
import { TensorType } from '../../../lib/circle/index.ts';
import { evaluate } from '../../../lib/ir/evaluate/index.ts';
import { tensorFor } from '../../support/goldens.ts';
import { apply, assertIdempotent, assertUntouched } from '../../support/passes.ts';
import { textGraph } from '../../support/text-graph.ts';

const NAME = 'downcast.input_ids';
const EMBEDDING = `
  input ids i64[1,2]
  const table f32[3,2] = 1 2 3 4 5 6
  y = GATHER(table, ids)
  output y`;

describe('passes/downcast.input_ids', () => {
  it('hit: ids become INT32, other inputs stay', () => {
    const { module, value } = textGraph(`${EMBEDDING}\ninput position i64[1]\nz = NEG(position)\noutput z`);
    assert.deepEqual(apply(module, NAME), {
      changed: 1,
      candidates: 1,
      what: 'inputs that index a GATHER',
      reasons: [],
    });
    assert.deepEqual([value('ids').type, value('position').type], [TensorType.INT32, TensorType.INT64]);
  });

  it('near miss: no ids, ids that are INT32 or computed, an input that is gathered from', () => {
    assertUntouched(
      textGraph('input x f32[1]\ny = NEG(x)\noutput y').module,
      /no graph input indexes a GATHER/,
      NAME,
    );
    assertUntouched(textGraph(EMBEDDING.replace('i64', 'i32')).module, /'ids' is INT32, not INT64/, NAME);
    const computed = EMBEDDING.replace('y = GATHER(table, ids)', 'n = NEG(ids)\ny = GATHER(table, n)');
    assertUntouched(textGraph(computed).module, /no graph input indexes a GATHER/, NAME);
    const source = 'input ids i64[4]\nconst i i32[2] = 1 0\ny = GATHER(ids, i)\noutput y';
    assertUntouched(textGraph(source).module, /no graph input indexes a GATHER/, NAME);
  });

  it('shared value: ids that another operator reads stay INT64; two GATHERs may share them', () => {
    assertUntouched(
      textGraph(`${EMBEDDING}\nz = NEG(ids)\noutput z`).module,
      /'ids' is also read by NEG/,
      NAME,
    );
    const twice = textGraph(`${EMBEDDING}\nconst second f32[3,1] = 7 8 9\nz = GATHER(second, ids)\noutput z`);
    assert.equal(apply(twice.module, NAME).changed, 1);
  });

  it('numeric equality', () => {
    const [before, after] = [textGraph(EMBEDDING), textGraph(EMBEDDING)];
    apply(after.module, NAME);
    const run = ({ graph, value }: typeof before) =>
      evaluate(graph, new Map([[value('ids'), tensorFor(value('ids'), [2, 0])]])).get(value('y'))!.data;
    assert.deepEqual([...run(after)], [5, 6, 1, 2]);
    assert.deepEqual(run(after), run(before));
  });

  it('idempotence', () => {
    assertIdempotent(textGraph(EMBEDDING).module, NAME);
  });
});
