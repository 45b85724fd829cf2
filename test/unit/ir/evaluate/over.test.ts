import assert from 'node:assert/strict';
import { GgmaError } from '../../../../lib/errors.ts';
import { compileOver, evaluate, evaluateOver } from '../../../../lib/ir/evaluate/index.ts';
import { type Graph, inputRoles, type Value } from '../../../../lib/ir/graph/index.ts';
import { findAttention } from '../../../../lib/ir/match/index.ts';
import { attentionBlock } from '../../../support/attention-block.ts';
import { goldenGraph, needShared, tensorFor } from '../../../support/goldens.ts';
import { type TextGraph, textGraph } from '../../../support/text-graph.ts';

const positions = [0, 1, 2, 30, 31, 32, 255, 4095];

/** Tabulated rows against one evaluation per position, bit for bit. */
function sameAsEvaluate(graph: Graph, value: Value, position: Value): void {
  const table = evaluateOver(graph, value, position, positions);
  const width = value.shape.reduce((n, dim) => n * dim, 1);
  assert.equal(table.length, positions.length * width);
  positions.forEach((p, i) => {
    const inputs = new Map([[position, tensorFor(position, [p])]]);
    const row = evaluate(graph, inputs, { outputs: [value] }).get(value)!.data;
    assert.deepEqual(
      [...table.subarray(i * width, (i + 1) * width)],
      Array.from(row, Number),
      `${value.name} at ${p}`,
    );
  });
}

/** RoPE of head_dim 64, as exporters write it. */
function rope64(): TextGraph {
  const frequencies = Array.from({ length: 32 }, (_, i) => 1 / 10000 ** (i / 32)).join(' ');
  return textGraph(`
    input position i64[1]
    const freq f32[1,32,1] = ${frequencies}
    p3 = RESHAPE(position, [1,1,1])
    pf = CAST(p3) outDataType=f32
    product = BATCH_MATMUL(freq, pf)
    angles = TRANSPOSE(product, [0,2,1])
    both = CONCATENATION(angles, angles) axis=-1
    c = COS(both)
    s = SIN(both)
    cos = MUL(c, 1.0)
    sin = MUL(s, 0.5)`);
}

describe('ir/evaluate over positions', () => {
  it('gives the numbers of evaluate, bit for bit, for cos, sin and mask of a block', () => {
    const { graph, value } = attentionBlock();
    for (const name of ['cos', 'sin', 'mask', 'mask_cut', 'both', 'is_later'])
      sameAsEvaluate(graph, value(name), value('cache_position'));
  });

  it('covers operators of every form, and those that run position by position', () => {
    const { graph, value } = textGraph(`
      input position i32[1]
      const table f32[5000,4] = random 3
      const w f32[3,4] = random 4
      const b f32[3] = random 5
      const ones f32[1,2] = 1 1
      const four f32[1,4] = 4 4 4 4
      row = GATHER(table, position)
      line = FULLY_CONNECTED(row, w, b)
      flat = FULLY_CONNECTED(row, w, b) keepNumDims=false
      mean = MEAN(line, [-1])
      cut = STRIDED_SLICE(line, [0,1], [1,3], [1,1])
      joined = CONCATENATION(ones, cut) axis=1
      relu = CONCATENATION(ones, cut) axis=1 fusedActivationFunction=1
      f = CAST(position) outDataType=f32
      wide = RESHAPE(f, [1,1,1,1])
      mixed = ADD(joined, wide)
      left = GREATER(f, 31.0)
      chosen = SELECT_V2(left, joined, four)
      negative = NEG(position)
      turned = TRANSPOSE(joined, [1,0])
      deep = EXPAND_DIMS(turned, 0)
      scalar = SQUEEZE(f)
      power = POW(2.0, f)
      gelu = GELU(joined)
      parts_a, parts_b = SPLIT(1, joined)`);
    const names = ['row', 'line', 'flat', 'mean', 'cut', 'joined', 'relu', 'mixed', 'chosen', 'turned'];
    for (const name of [...names, 'negative', 'deep', 'scalar', 'power', 'gelu', 'parts_b'])
      sameAsEvaluate(graph, value(name), value('position'));
  });

  it('tabulates the position itself and what does not depend on it', () => {
    const { graph, value } = textGraph('input p i64[1]\nconst c f32[2] = 1 2\nd = NEG(c)\noutput d');
    assert.deepEqual([...evaluateOver(graph, value('p'), value('p'), [3, 9])], [3, 9]);
    assert.deepEqual([...evaluateOver(graph, value('d'), value('p'), [3, 9])], [-1, -2, -1, -2]);
    assert.deepEqual([...evaluateOver(graph, value('c'), value('p'), [])], []);
  });

  it('computes several values in one run', () => {
    const { graph, value } = rope64();
    const [cos, sin] = compileOver(graph, [value('cos'), value('sin')], value('position'))([5, 6]);
    assert.deepEqual(cos, evaluateOver(graph, value('cos'), value('position'), [5, 6]));
    assert.deepEqual(sin, evaluateOver(graph, value('sin'), value('position'), [5, 6]));
  });

  it('refuses a value that depends on anything else', () => {
    const { graph, value } = attentionBlock();
    assert.throws(
      () => evaluateOver(graph, value('scores'), value('cache_position'), [0]),
      (error: unknown) =>
        error instanceof GgmaError && error.code === 'EVALUATE_INPUT' && /'ids'|'past_k'/.test(error.message),
    );
  });

  describe('on the reference data', () => {
    before(needShared);

    for (const name of ['probe/decode_.circle', 'stories260K/decode_.circle', 'probe-newer/decode_.circle']) {
      it(`gives the numbers of evaluate for ${name}`, () => {
        const graph = goldenGraph(name);
        const position = inputRoles(graph).position!;
        const [match] = findAttention(graph);
        assert.ok(match?.ok);
        const { rope, mask } = match.value;
        for (const value of [rope!.cos, rope!.sin, mask]) sameAsEvaluate(graph, value, position);
      });
    }
  });
});
