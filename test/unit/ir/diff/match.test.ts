import assert from 'node:assert/strict';
import { matchGraphs } from '../../../../lib/ir/diff/match.ts';
import type { Graph, Module, Op } from '../../../../lib/ir/graph/index.ts';
import { golden, needShared } from '../../../support/goldens.ts';
import { renameAll, reorderAll, seeded } from '../../../support/mutate.ts';
import { apply } from '../../../support/passes.ts';
import { textGraph } from '../../../support/text-graph.ts';

const count = (graph: Graph, isIn: (op: Op) => boolean) => graph.ops.filter(isIn).length;

describe('ir/diff/match', () => {
  it('pairs by computation, whatever the names and the order', () => {
    const text = (a: string, b: string) => `
      input x f32[1,4]
      const w f32[4,4] = random 1
      const v f32[4,4] = random 2
      ${a} = FULLY_CONNECTED(x, w, -)
      ${b} = FULLY_CONNECTED(x, v, -)
      sum = ADD(${a}, ${b})
      output sum`;
    const [before, after] = [textGraph(text('a', 'b')), textGraph(text('b', 'a'))];
    const { ops, values } = matchGraphs(before.graph, after.graph);
    assert.equal(ops.size, 3);
    const name = (n: string) => values.get(before.value(n))!.name;
    assert.deepEqual([name('a'), name('b'), name('sum'), name('w')], ['b', 'a', 'sum', 'w']);
  });

  it('pairs what stands after a replaced operator, and not the operator', () => {
    const text = (middle: string) => `
      input x f32[1,4]
      const w f32[4,4] = random 1
      a = NEG(x)
      ${middle}
      c = FULLY_CONNECTED(b, w, -)
      d = NEG(c)
      output d`;
    const before = textGraph(text('b = ADD(a, a)'));
    const after = textGraph(text('b = MUL(a, 2.0)'));
    const { ops } = matchGraphs(before.graph, after.graph);
    const paired = [...ops].map(([a, b]) => `${a.output!.name} ${b.output!.name}`);
    assert.deepEqual(paired.sort(), ['a a', 'c c', 'd d']);
  });

  it('pairs the reading of an input that has another name, type or shape', () => {
    const before = textGraph('input x f32[1,4]\ny = NEG(x)\noutput y');
    const after = textGraph('input renamed f32[1,4]\nz = NEG(renamed)\noutput z');
    assert.equal(matchGraphs(before.graph, after.graph).ops.size, 1);
    const wider = textGraph('input x f32[2,4]\ny = NEG(x)\noutput y');
    const { ops, values } = matchGraphs(before.graph, wider.graph);
    assert.deepEqual([ops.size, values.get(before.value('x'))], [1, wider.value('x')]);
  });

  it('has nothing to pair in unrelated graphs', () => {
    const before = textGraph('input x f32[1,4]\ny = NEG(x)\noutput y');
    const after = textGraph('input i i32[3]\nz = CAST(i) inDataType=i32 outDataType=f32\noutput z');
    const { ops, values } = matchGraphs(before.graph, after.graph);
    assert.deepEqual([ops.size, values.size], [0, 0]);
  });

  it('finds a layer that was taken out of a stack of like ones, with another input type below them all', () => {
    const stack = (layers: readonly number[], type: string) => {
      const lines = [`input ids ${type}[1,4]`, `s = CAST(ids) inDataType=${type} outDataType=f32`];
      let stream = 's';
      for (const k of layers) {
        for (const [i, kind] of ['up', 'down'].entries())
          lines.push(`const ${kind}${k} f32[4,4] = random ${10 * k + i}`);
        lines.push(`a${k} = FULLY_CONNECTED(${stream}, up${k}, -)`, `b${k} = ABS(a${k})`);
        lines.push(`c${k} = FULLY_CONNECTED(b${k}, down${k}, -)`, `d${k} = ADD(${stream}, c${k})`);
        stream = `d${k}`;
      }
      return textGraph([...lines, `output ${stream}`].join('\n'));
    };
    for (const type of ['i32', 'i64'])
      for (const missing of [0, 2, 5]) {
        const layers = [0, 1, 2, 3, 4, 5];
        const before = stack(layers, 'i32');
        const after = stack(
          layers.filter((k) => k !== missing),
          type,
        );
        const names = new Map(after.graph.ops.map((op) => [op, op.output!.name]));
        renameAll(after.module, seeded(missing));
        after.graph.inputs[0]!.name = 'ids';
        const { ops } = matchGraphs(before.graph, after.graph);
        const left = before.graph.ops.filter((op) => !ops.has(op)).map(({ output }) => output!.name);
        assert.deepEqual(
          left,
          ['a', 'b', 'c', 'd'].map((name) => `${name}${missing}`),
          `${type}, ${missing}`,
        );
        for (const [a, b] of ops) assert.equal(names.get(b), a.output!.name);
      }
  });

  it('gives back the same pairs for the graphs the other way round, and itself for one graph', () => {
    const before = textGraph('input x f32[1,4]\na = NEG(x)\nb = NEG(x)\nc = ADD(a, b)\nd = ABS(b)\noutput c');
    const after = textGraph('input x f32[1,4]\na = NEG(x)\nc = ADD(a, a)\noutput c');
    const [there, back] = [matchGraphs(before.graph, after.graph), matchGraphs(after.graph, before.graph)];
    assert.deepEqual(there.ops, back.opsBack);
    assert.deepEqual(there.values, back.valuesBack);
    assert.equal(there.ops.size, 2);
    for (const [a, b] of matchGraphs(before.graph, before.graph).ops) assert.equal(a, b);
  });

  it('gives a constant that one graph repeats all its copies as partners', () => {
    const weights = (name: string) => `const ${name} f32[4,4] = random 1\n`;
    const text = (a: string, b: string) =>
      `input x f32[1,4]\n${weights('w')}${a === b ? '' : weights('v')}y = FULLY_CONNECTED(x, ${a}, -)\nz = FULLY_CONNECTED(y, ${b}, -)\noutput z`;
    const [shared, repeated] = [textGraph(text('w', 'w')), textGraph(text('w', 'v'))];
    const { values, valuesBack } = matchGraphs(shared.graph, repeated.graph);
    assert.equal(values.get(shared.value('w')), repeated.value('w'));
    for (const name of ['w', 'v']) assert.equal(valuesBack.get(repeated.value(name)), shared.value('w'));
  });

  describe('on the reference data', () => {
    before(needShared);
    const fused = (module: Module) => {
      assert.equal(apply(module, 'fuse.attention').changed, 8);
      return module.graphs[0]!;
    };

    it('pairs everything with itself, after other names and another order too', () => {
      for (const name of ['probe/decode_.circle', 'probe/prefill.circle']) {
        const [graph] = golden(name).graphs;
        const again = golden(name);
        renameAll(again, seeded(4));
        reorderAll(again, seeded(5));
        const { ops } = matchGraphs(graph!, again.graphs[0]!);
        assert.equal(ops.size, graph!.ops.length, name);
        for (const [a, b] of ops) assert.equal(a.code, b.code);
      }
    });

    it('finds what fuse.attention took and put in, with the names and without', () => {
      for (const rename of [false, true]) {
        const [graph] = golden('probe/decode_.circle').graphs;
        const module = golden('probe/decode_.circle');
        const after = fused(module);
        if (rename) renameAll(module, seeded(9));
        const { ops } = matchGraphs(graph!, after);
        const used = new Set(ops.values());
        assert.equal(
          count(graph!, (op) => !ops.has(op)),
          8 * 45,
        );
        assert.equal(
          count(after, (op) => !used.has(op)),
          8,
        );
      }
    });
  });
});
