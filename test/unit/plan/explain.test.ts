import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { main } from '../../../lib/cli/o2o.ts';
import type { Module } from '../../../lib/ir/graph/index.ts';
import { type Explanation, explain } from '../../../lib/plan/explain.ts';
import { attentionBlock, secondLayer } from '../../support/attention-block.ts';
import { fakeStreams } from '../../support/fake-streams.ts';
import { golden, needShared } from '../../support/goldens.ts';
import { bytesOfModule } from '../../support/passes.ts';
import { decodeOnly, tinyPackage } from '../../support/tiny-model.ts';

const kernels = ({ steps }: Explanation): string => steps.map(({ kernel }) => kernel).join(' ');

describe('plan/explain', () => {
  it('describes an open block', () => {
    const explanation = explain(
      attentionBlock({
        'const wo': 'const wo f32[8,16] = random 5\nconst bias f32[8] = random 6',
        'attended =': 'attended = FULLY_CONNECTED(context, wo, bias)',
      }).module,
    );
    const { attention, steps, ...rest } = explanation;
    assert.deepEqual(attention, [
      {
        cache: 0,
        path: 'subgraphs[0].operators[63]',
        from: 'open block',
        heads: 4,
        kvHeads: 2,
        headDim: 4,
        scale: 0.5,
        window: null,
        rope: { cos: 0, sin: 1 },
        biases: ['o'],
        norms: [],
        declared: { cache: [1, 2, 3, 4], mask: [1, 5] },
      },
    ]);
    assert.deepEqual(rest, {
      decode: { path: 'subgraphs[0]', operators: 65, vocabulary: 8 },
      tables: [
        { name: 'cos', width: 4 },
        { name: 'sin', width: 4 },
      ],
      // table 10·8, wq 16·8, wk and wv 8·8, wo 8·16, bias 8
      weights: { count: 6, bytes: 4 * 472, types: { FLOAT32: { count: 6, bytes: 4 * 472 } } },
      memory: { program: 664, arenaPerRow: 320, kvPerPosition: { f32: 64, f16: 32 } },
      prefill: null,
      proved: [
        'each of the 9 steps works on a row by itself, but for attention, which also reads earlier rows of its sequence',
        'the masks let a token see all positions up to itself, at any length',
        "RoPE follows from 'cache_position' alone, and is evaluated for any position",
      ],
    });
    assert.equal(kernels(explanation), 'gather matmul matmul matmul attention select select matmul add');
    assert.deepEqual(steps[4]!.reads.slice(2), [
      'v slot 3',
      ...[
        'cache 0',
        'heads 4',
        'kvHeads 2',
        'headDim 4',
        'scale 0.5',
        'window 0',
        'cos table 0',
        'sin table 1',
      ],
    ]);
    assert.deepEqual(steps[7], {
      kernel: 'matmul',
      width: 8,
      reads: ['src slot 5', 'weight wo [8, 16]', 'bias bias [1, 8]'],
      wantedRows: true,
      path: 'subgraphs[0].operators[63]',
    });
  });

  it('tells layers apart: a window, no RoPE', () => {
    const windowed = {
      'mask =': `three = SUB(p2, far)
        before = LESS_EQUAL(columns, three)
        is_before = CAST(before) inDataType=bool outDataType=f32
        closed = MUL(fill, is_before)
        open = MUL(fill, is_later)
        mask = ADD(open, closed)`,
      'const columns': 'const columns i64[5] = 0 1 2 3 4\nconst far i64[1] = 3',
      'output logits': '',
    };
    const gone = ['q', 'k'].flatMap((x) =>
      ['cos', 'low', 'high', 'neg', 'half', 'sin'].map((part) => [`${x}_${part} =`, '']),
    );
    const withoutRope = {
      ...(Object.fromEntries(gone) as Record<string, string>),
      'q_rot =': 'q_rot = MUL(qh, 1.0)',
      'k_rot =': 'k_rot = MUL(kh, 1.0)',
    };
    const { attention, proved } = explain(attentionBlock(windowed, secondLayer(withoutRope)).module);
    assert.deepEqual(
      attention.map(({ window, rope }) => [window, rope]),
      [
        [3, { cos: 0, sin: 1 }],
        [3, null],
      ],
    );
    assert.equal(proved[1], 'the masks let a token see the last 3 positions, at any length');
  });

  it('says what was proved of the prefill graph', () => {
    const { prefill, proved } = explain(tinyPackage().module);
    assert.deepEqual(prefill, {
      path: 'subgraphs[0]',
      rows: 32,
      steps: 29,
      weights: { shared: 21, equal: 0 },
    });
    assert.equal(
      proved.at(-1),
      'the prefill graph is the same program: 29 steps and 21 weights compared (21 one memory, 0 with equal bytes), masks and RoPE at positions 0 to 31',
    );
    assert.equal(explain(decodeOnly(tinyPackage())).prefill, null);
  });

  describe('on the reference data', () => {
    before(needShared);

    for (const [name, layers, from] of [
      ['probe/model.circle', 8, 'ATTENTION'],
      ['probe/decode_.circle', 8, 'open block'],
      ['probe-newer/decode_.circle', 8, 'open block'],
      ['probe-adapter/model.circle', 8, 'ATTENTION'],
      ['stories260K/model.circle', 5, 'ATTENTION'],
    ] as const) {
      it(name, () => {
        const { attention, weights, tables, prefill, memory } = explain(golden(name));
        const isProbe = layers === 8;
        const sizes = isProbe ? [16, 16, 4] : [8, 4, 8];
        assert.deepEqual(
          attention.map((block) => [block.from, block.heads, block.kvHeads, block.headDim, block.window]),
          Array.from({ length: layers }, () => [from, ...sizes, null]),
        );
        // Seven matrices a layer, embedding and (probe) head; two norms a layer and one, unless they are folded.
        const norms = name.startsWith('probe-newer') ? 0 : 2 * layers + 1;
        assert.equal(weights.count, 7 * layers + (isProbe ? 2 : 1) + norms);
        assert.equal(tables.length, 2);
        assert.equal(prefill !== null, name.endsWith('model.circle'));
        assert.equal(memory.kvPerPosition.f32, layers * 2 * sizes[1]! * sizes[2]! * 4);
      });
    }
  });
});

describe('o2o explain', () => {
  const run = async (input: Module | null, ...argv: string[]) => {
    const streams = fakeStreams();
    if (input) streams.stdin = Readable.from([Buffer.from(bytesOfModule(input))]);
    const code = await main(['explain', ...argv], streams);
    return { code, out: streams.out(), err: streams.err() };
  };

  it('prints the plan of a model on standard input', async () => {
    const { code, out, err } = await run(tinyPackage().module);
    assert.deepEqual([code, err], [0, '']);
    const title = 'transformers.models.llama.modeling_llama.LlamaRotaryEmbedding';
    assert.deepEqual(out.split('\n'), [
      'decode     subgraphs[1]: 62 operators → 31 steps → logits [10]',
      'attention  layers 0–1: 2 heads of 4 over 1 kv heads, scale 0.5, causal, RoPE by tables 0, 1, from ATTENTION',
      'exported   caches [1, 32, 1, 4], masks [1, 32]: sizes, not semantics; a position attends as the mask says at any length',
      `tables     2 of the position alone: ${title}::mul_1 [4], ${title}::mul_2 [4]`,
      'kernels    1 gather, 5 rmsNorm, 15 matmul, 2 attention, 4 add, 2 siluMul, 2 select',
      'weights    21, 4640 bytes: 21 FLOAT32 (4640 bytes)',
      'memory     320 bytes a row, keys and values 64 bytes a position (f32), 32 bytes (f16)',
      'prefill    subgraphs[0], 32 rows',
      'proved     each of the 31 steps works on a row by itself, but for attention, which also reads earlier rows of its sequence',
      '           the masks let a token see all positions up to itself, at any length',
      "           RoPE follows from 'tico::cache_position' alone, and is evaluated for any position",
      '           the prefill graph is the same program: 29 steps and 21 weights compared (21 one memory, 0 with equal bytes), masks and RoPE at positions 0 to 31',
      '',
    ]);
  });

  it('lists the steps, and gives everything as JSON', async () => {
    const { module } = tinyPackage();
    const { out } = await run(module, '--steps');
    assert.match(
      out,
      /\n {3}0 {2}gather {5}\[8\] ← weight \S*embed_tokens_weight \[10, 8\] {3}subgraphs\[1\]\.operators\[0\]\n/,
    );
    assert.deepEqual(
      JSON.parse((await run(module, '--json')).out),
      JSON.parse(JSON.stringify(explain(module))),
    );
  });

  it('ends a model that cannot be compiled with its reason', async () => {
    const { code, out, err } = await run(attentionBlock({ 'later =': 'later = LESS(columns, p2)' }).module);
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /^ggma: PLAN_MASK: .*lets a token see later ones.*subgraphs\[0\]\.operators\[63\].*\n$/,
    );
    assert.match((await run(null, 'no-such.circle')).err, /^ggma: INPUT: .*no-such\.circle.*\n$/);
    assert.equal((await run(null, 'a', 'b')).code, 2);
    assert.match((await run(null, '--help')).out, /^Usage: o2o explain \[options\] \[FILE\]\n/);
  });
});
