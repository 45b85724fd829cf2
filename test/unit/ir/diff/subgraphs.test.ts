import assert from 'node:assert/strict';
import { compareModules } from '../../../../lib/ir/diff/index.ts';
import { pairGraphs } from '../../../../lib/ir/diff/subgraphs.ts';
import { textGraph } from '../../../support/text-graph.ts';

const graph = (name: string, ...lines: string[]) => [`graph ${name}`, ...lines].join('\n');
const negated = (name: string) => graph(name, 'input x f32[1]', 'y = NEG(x)', 'output y');
const twice = (name: string) =>
  graph(name, 'input x f32[1]', 'y = NEG(x)', 'z = ABS(y)', 'w = NEG(z)', 'output w');
const swapped = (name: string) =>
  graph(name, 'input x f32[1]', 'y = ABS(x)', 'z = NEG(y)', 'w = NEG(z)', 'output w');
const ids = (name: string) =>
  graph(name, 'input ids i32[3]', 'y = CAST(ids) inDataType=i32 outDataType=f32', 'output y');
const module = (...graphs: string[]) => textGraph(graphs.join('\n')).module;

describe('ir/diff/subgraphs', () => {
  it('pairs by signature, however little the graphs have in common', () => {
    const signed = (key: string, from: string, g: number) =>
      `signature ${key}: graph ${g} (i = ${from}) -> (o = y)`;
    const a = module(signed('run', 'x', 0), negated('a'), negated('b'));
    const b = module(signed('run', 'ids', 1), negated('c'), ids('d'));
    assert.deepEqual(pairGraphs(a, b), [
      [0, 1],
      [1, 0],
    ]);
  });

  it('pairs by what the graphs compute, where kinds and numbers of operators are the same', () => {
    assert.deepEqual(pairGraphs(module(twice('a'), swapped('b')), module(swapped('c'), twice('d'))), [
      [0, 1],
      [1, 0],
    ]);
  });

  it('leaves a graph alone that nothing is like, and the comparison says so', () => {
    const [a, b] = [module(negated('a'), ids('b')), module(negated('c'))];
    assert.deepEqual(pairGraphs(a, b), [[0, 0]]);
    const [difference, ...others] = compareModules(a, b).differences;
    assert.equal(others.length, 0);
    assert.deepEqual(difference, {
      kind: 'interface',
      side: 'first',
      path: 'subgraphs[1]',
      message: "the subgraph 'b' is only in the first",
    });
    assert.equal(compareModules(b, a).differences[0]!.side, 'second');
  });
});
