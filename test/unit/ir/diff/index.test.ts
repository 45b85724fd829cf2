import assert from 'node:assert/strict';
import { BuiltinOptions } from '../../../../lib/circle/index.ts';
import { compareModules, DIFFERENCE_KINDS, type DifferenceKind } from '../../../../lib/ir/diff/index.ts';
import { lift, lower, type Module } from '../../../../lib/ir/graph/index.ts';
import { attentionBlock } from '../../../support/attention-block.ts';
import { golden, goldenFiles, needShared } from '../../../support/goldens.ts';
import { renameAll, reorderAll, seeded, shuffled } from '../../../support/mutate.ts';
import { reread } from '../../../support/passes.ts';
import { textGraph } from '../../../support/text-graph.ts';

const BASE = `
model version=3 description="base"
metadata note = "one"
signature run: graph 0 (in = x, s) -> (out = z)
graph main
input x f32[1,4]
input s f32[1,2]
const w f32[2,4] = 1 2 3 4 5 6 7 8
const q i8[1,2] {quantization={scale=[0.5] zeroPoint=[1]}} = 1 2
y: f32[1,2] = FULLY_CONNECTED(x, w, -)
a: f32[1,2] = ADD(y, s)
d: f32[1,2] = DEQUANTIZE(q)
b: f32[1,2] = MUL(a, d)
z: f32[1,2] = NEG(b)
c: f32[1,2] = CALL(z) subgraph=1
output z
output c
graph callee
input i f32[1,2]
o: f32[1,2] = ABS(i)
output o
`;

const base = (from = '', to = '') => {
  assert.ok(BASE.includes(from), from);
  return textGraph(BASE.replace(from, to)).module;
};

function counts(a: Module, b: Module): Partial<Record<DifferenceKind, number>> {
  const comparison = compareModules(a, b);
  const total = Object.values(comparison.counts).reduce((sum, n) => sum + n, 0);
  assert.equal(comparison.differences.length, total);
  return Object.fromEntries(Object.entries(comparison.counts).filter(([, n]) => n > 0));
}

describe('ir/diff', () => {
  it('finds nothing between a module and its copies under other numbers', () => {
    for (const module of [base(), attentionBlock().module])
      for (let seed = 1; seed <= 20; seed++) {
        const other = lift(lower(module));
        const random = seeded(seed);
        reorderAll(other, random);
        other.buffers = [other.buffers[0]!, ...shuffled(other.buffers.slice(1), random)];
        other.opcodes = shuffled(other.opcodes, random);
        assert.deepEqual(counts(module, reread(other)), {});
        renameAll(other, random);
        for (const [g, graph] of other.graphs.entries())
          for (const side of ['inputs', 'outputs'] as const)
            graph[side].forEach((value, i) => {
              value.name = module.graphs[g]![side][i]!.name;
            });
        assert.deepEqual(compareModules(module, other, { ignoreNames: true }).differences, []);
        assert.ok(compareModules(module, other).counts.names > 0);
      }
  });

  it('tells apart the kinds of difference, each with its place', () => {
    const cases: [from: string, to: string, kinds: Partial<Record<DifferenceKind, number>>, path: string][] =
      [
        ['version=3', 'version=4', { model: 1 }, 'version'],
        ['"base"', '"other"', { model: 1 }, 'description'],
        ['"one"', '"two"', { model: 1 }, "metadata 'note'"],
        ['metadata note = "one"', '', { model: 1 }, "metadata 'note'"],
        [
          'signature run: graph 0 (in = x',
          'signature run: graph 0 (on = x',
          { signatures: 1 },
          'signature_defs[0].inputs',
        ],
        ['signature run: graph 0 (in = x, s) -> (out = z)', '', { signatures: 1 }, 'signature_defs[0]'],
        [
          'signature run: graph 0 (in = x, s) -> (out = z)',
          'signature go: graph 0 (in = x, s) -> (out = z)',
          { signatures: 2 },
          'signature_defs[0]',
        ],
        ['output c', '', { interface: 1 }, 'subgraphs[0].outputs[1]'],
        ['NEG(b)', 'ABS(b)', { operators: 1 }, 'subgraphs[0].operators[4]'],
        ['NEG(b)', 'NEG.v2(b)', { operators: 1 }, 'subgraphs[0].operators[4]'],
        ['ADD(y, s)', 'ADD(s, y)', { connections: 2 }, 'subgraphs[0].operators[1].inputs[0]'],
        ['ADD(y, s)', 'ADD(y, s) fusedActivationFunction=RELU', { options: 1 }, 'subgraphs[0].operators[1]'],
        ['ADD(y, s)', 'ADD(y, s) NONE', { options: 1 }, 'subgraphs[0].operators[1]'],
        ['(x, w, -)', '(x, w)', { operators: 1 }, 'subgraphs[0].operators[0]'],
        ['input s f32[1,2]', 'input s f32[1,1]', { types: 1 }, 'subgraphs[0].inputs[1]'],
        ['input s', 'input t', { names: 1 }, ''],
        ['scale=[0.5]', 'scale=[0.25]', { types: 1 }, 'subgraphs[0].operators[2].inputs[0]'],
        ['7 8', '7 9', { constants: 1 }, 'subgraphs[0].operators[0].inputs[1]'],
        ['ABS(i)', 'NEG(i)', { operators: 1 }, 'subgraphs[1].operators[0]'],
      ];
    const kinds = new Set<string>();
    for (const [from, to, wanted, path] of cases) {
      const other =
        from === 'input s'
          ? textGraph(BASE.replace('input s', 'input t').replace('y, s', 'y, t').replace(', s)', ', s = t)'))
              .module
          : base(from, to);
      const found = counts(base(), other);
      assert.deepEqual(
        found,
        wanted,
        `${from} → ${to}: ${JSON.stringify(compareModules(base(), other).differences)}`,
      );
      if (path !== '') assert.equal(compareModules(base(), other).differences[0]!.path, path);
      for (const kind of Object.keys(found)) kinds.add(kind);
    }
    assert.deepEqual([...kinds].sort(), [...DIFFERENCE_KINDS].sort());
  });

  it('sees an operator that was put in as one operator, and pairs what lies above it', () => {
    const more = base('b: f32[1,2] = MUL(a, d)', 'n: f32[1,2] = NEG(a)\nb: f32[1,2] = MUL(n, d)');
    assert.deepEqual(counts(base(), more), { operators: 1, connections: 1 });
    const { differences } = compareModules(base(), more);
    assert.equal(differences[0]!.path, 'subgraphs[0].operators[3].inputs[0]');
    assert.match(differences[0]!.message, /'a' \(ADD\) against 'n' \(NEG\)/);
    assert.deepEqual(counts(more, base()), { operators: 1, connections: 1 });
  });

  it('sees dead operators and values shared on one side only', () => {
    const dead = base('output z', 'dead: f32[1,2] = NEG(y)\noutput z');
    assert.deepEqual(counts(base(), dead), { operators: 1 });
    assert.equal(compareModules(base(), dead).differences[0]!.path, 'subgraphs[0].operators[6]');
    const twice = 'input x f32[1]\na: f32[1] = NEG(x)\nb: f32[1] = NEG(x)\nc: f32[1] = ADD(a, b)\noutput c';
    const once = 'input x f32[1]\na: f32[1] = NEG(x)\nc: f32[1] = ADD(a, a)\noutput c';
    assert.deepEqual(counts(textGraph(twice).module, textGraph(once).module), {
      operators: 1,
      connections: 1,
    });
  });

  it('says how far constants are apart', () => {
    const most = (to: string) => compareModules(base(), base('5 6 7 8', to)).maxDifference;
    assert.equal(most('5 6 7 8'), 0);
    assert.equal(most('5 6 7.5 9'), 1);
    const [difference] = compareModules(base(), base('5 6 7 8', '5 6 7.5 9')).differences;
    assert.equal(difference!.message, "'w': 2 of 8 elements, max |a − b| 1");
    const hex = (bits: string) =>
      textGraph(`input x f32[1]\nconst w f32[1] = 0x${bits}\ny = ADD(x, w)\noutput y`).module;
    assert.equal(compareModules(hex('0000c07f'), hex('0000803f')).maxDifference, Infinity);
    // The bits differ, the numbers do not.
    assert.deepEqual(counts(hex('00000080'), hex('00000000')), { constants: 1 });
    assert.deepEqual(counts(hex('0100c07f'), hex('0000c07f')), { constants: 1 });
  });

  it('pairs subgraphs by their signatures', () => {
    const other = base();
    other.graphs.reverse();
    assert.deepEqual(counts(base(), reread(other)), {});
    const graph = other.graphs[1]!;
    graph.ops[0]!.attributes.builtinOptionsType = BuiltinOptions.NONE;
    graph.ops[0]!.attributes.builtinOptions = null;
    const { differences } = compareModules(base(), other);
    assert.deepEqual(
      differences.map(({ kind, path }) => [kind, path]),
      [['options', 'subgraphs[0].operators[0]']],
    );
  });

  describe('on the reference data', () => {
    before(needShared);

    it('finds nothing between a file and itself, something between any two neighbours', () => {
      const files = goldenFiles();
      assert.ok(files.length >= 15);
      for (const [i, file] of files.entries()) {
        assert.deepEqual(counts(golden(file), golden(file)), {}, file);
        if (i > 0) {
          const { differences } = compareModules(golden(files[i - 1]!), golden(file));
          assert.ok(differences.length > 0, file);
          for (const { path, message } of differences) assert.ok(path !== '' && message !== '');
        }
      }
    });

    it('says what the reference filters did', () => {
      const step = (a: string, b: string) =>
        counts(golden(`probe/steps/${a}.circle`), golden(`probe/steps/${b}.circle`));
      assert.deepEqual(step('1.fuse.attention', '2.reshape.io'), { types: 16 });
      assert.deepEqual(step('2.reshape.io', '3.transpose.io.kvcache'), { types: 16 });
      assert.deepEqual(step('4.merge', '5.fuse.bmm_lhs_const'), { operators: 2 });
      assert.deepEqual(step('5.fuse.bmm_lhs_const', '6.downcast.input_ids'), { types: 2 });
    });
  });
});
