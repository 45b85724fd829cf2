/**
 * The graph is the truth: what is changed in it, and nowhere else, changes what the native engine computes, to what
 * the reference interpreter computes of the changed graph.
 */
import assert from 'node:assert/strict';
import { BuiltinOperator, BuiltinOptions, TensorType } from '../../../lib/circle/index.ts';
import {
  addConstant,
  addValue,
  floatsOf,
  type Graph,
  insertOps,
  type Module,
  makeOp,
  type Op,
  replaceUses,
  setInput,
  type Value,
} from '../../../lib/ir/graph/index.ts';
import { compile } from '../../../lib/plan/index.ts';
import { relativeError } from '../../support/goldens.ts';
import { narrowInput } from '../../support/narrow.ts';
import { onNative } from '../../support/native-run.ts';
import { decodeOnly, evaluateSequence, opsOfCode, residuals, tinyPackage } from '../../support/tiny-model.ts';

const ids = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];

type Change = (graph: Graph, module: Module) => void;

const { ADD, ATTENTION, CAST, FULLY_CONNECTED, GATHER, GREATER, LESS_EQUAL, MUL, SUB } = BuiltinOperator;

/** Exchanges an input of one operator with an input of another. */
function exchange([a, i]: [Op, number], [b, j]: [Op, number]): void {
  const [x, y] = [a.input(i)!, b.input(j)!];
  assert.notEqual(x, y);
  setInput(a, i, y);
  setInput(b, j, x);
}

const matmuls = (graph: Graph) =>
  opsOfCode(graph, FULLY_CONNECTED).filter((op) => op.input(1)!.shape.at(-1)! > 1);

/** Gives an operator other numbers. */
function rewrite(graph: Graph, module: Module, op: Op, i: number, f: (x: number, k: number) => number): void {
  const { type, shape } = op.input(i)!;
  const bytes = new Uint8Array(floatsOf(op.input(i))!.map(f).buffer);
  setInput(op, i, addConstant(module, graph, { name: 'rewritten', type, shape, bytes }));
}

/** Puts a new operator in front of another one; gives its output. */
function compute(
  graph: Graph,
  module: Module,
  before: Op,
  code: BuiltinOperator,
  inputs: Value[],
  { type, shape }: { type: TensorType; shape: readonly number[] },
  options?: Parameters<typeof makeOp>[4],
): Value {
  const output = addValue(module, graph, { name: 'computed', type, shape });
  insertOps(graph, before, [makeOp(module, code, inputs, [output], options)]);
  return output;
}

/** What is changed, how the refusal says so when only decode is, and the change. */
const changes: [string, RegExp, Change][] = [
  [
    'the query weights of two layers exchanged',
    /has the weight '\S*layers_0_self_attn_q_proj_weight' as weight of matmul where decode has the weight '\S*layers_1_self_attn_q_proj_weight'/,
    (graph) => {
      const [first, second] = opsOfCode(graph, ATTENTION);
      exchange([first!, 1], [second!, 1]);
    },
  ],
  [
    'key and value weights exchanged',
    /has the weight '\S*0_self_attn_k_proj_weight' as weight of matmul where decode has the weight '\S*0_self_attn_v_proj_weight'/,
    (graph) => {
      const [first] = opsOfCode(graph, ATTENTION);
      exchange([first!, 2], [first!, 3]);
    },
  ],
  [
    'gate and up of a layer exchanged',
    /has the weight '\S*gate_proj_weight' as weight of matmul where decode has the weight '\S*up_proj_weight'/,
    (graph) => {
      const [gate, up] = matmuls(graph);
      exchange([gate!, 1], [up!, 1]);
    },
  ],
  [
    'down of two layers exchanged',
    /has the weight '\S*layers_0_mlp_down_proj_weight' as weight of matmul where decode has the weight '\S*layers_1_mlp_down_proj_weight'/,
    (graph) => {
      const [, , first, , , second] = matmuls(graph);
      exchange([first!, 1], [second!, 1]);
    },
  ],
  [
    'theta doubled',
    /has attention with another cos than decode at position 1$/,
    (graph, module) => {
      const angles = opsOfCode(graph, FULLY_CONNECTED).find((op) => op.input(1)!.shape.at(-1) === 1)!;
      // theta^(−2i / head_dim), head_dim 4
      rewrite(graph, module, angles, 1, (frequency, i) => frequency * 2 ** (-i / 2));
    },
  ],
  [
    'the epsilon of a norm',
    /has 0\.00001 as eps of rmsNorm where decode has 0\.5$/,
    (graph, module) => {
      const epsilon = opsOfCode(graph, ADD).find((op) => op.input(1)!.isConstant)!;
      rewrite(graph, module, epsilon, 1, () => 0.5);
    },
  ],
  [
    'cos and sin exchanged',
    /has attention with another cos than decode at position 0$/,
    (graph) => {
      for (const op of opsOfCode(graph, ATTENTION)) exchange([op, 5], [op, 6]);
    },
  ],
  [
    'a layer removed',
    /has add where decode has gather$/,
    (graph, module) => {
      const [attended, fed] = residuals(graph);
      replaceUses(module, graph, fed!.output!, attended!.input(0)!);
    },
  ],
  [
    'the embedding scaled',
    /has gather where decode has scale$/,
    (graph, module) => {
      const embedded = opsOfCode(graph, GATHER)[0]!.output!;
      const readers = embedded.users.map((op) => [op, op.inputs.indexOf(embedded)] as const);
      const bytes = new Uint8Array(Float32Array.of(3).buffer);
      const three = addConstant(module, graph, { name: 'three', type: embedded.type, shape: [], bytes });
      const scaled = compute(graph, module, readers[0]![0], MUL, [embedded, three], embedded);
      for (const [op] of readers)
        op.inputs.forEach((input, i) => {
          if (input === embedded) setInput(op, i, scaled);
        });
    },
  ],
  [
    'a window of 3 in one layer',
    /has attention with a mask that is 0 for column 0 at position 3, where decode's is closed$/,
    (graph, module) => {
      const [attention] = opsOfCode(graph, ATTENTION);
      const [greater] = opsOfCode(graph, GREATER);
      const [columns, position] = [greater!.input(0)!, greater!.input(1)!];
      const mask = attention!.input(7)!;
      const fill = mask.producer!.inputs.find((input) => input!.isConstant)!;
      const at = attention!;
      const three = addConstant(module, graph, {
        name: 'three',
        type: position.type,
        shape: [],
        bytes: new Uint8Array(BigInt64Array.of(3n).buffer),
      });
      const edge = compute(graph, module, at, SUB, [position, three], position);
      const isBefore = compute(graph, module, at, LESS_EQUAL, [columns, edge], {
        type: TensorType.BOOL,
        shape: mask.shape,
      });
      const value = { inDataType: TensorType.BOOL, outDataType: TensorType.FLOAT32 };
      const hidden = compute(graph, module, at, CAST, [isBefore], mask, {
        type: BuiltinOptions.CastOptions,
        value,
      });
      const closed = compute(graph, module, at, MUL, [fill, hidden], mask);
      setInput(at, 7, compute(graph, module, at, ADD, [mask, closed], mask));
    },
  ],
];

const run = (module: Module) => onNative(module, (native) => native.logits(ids));

describe('plan: the graph is the truth', () => {
  let plain: Float32Array;
  before(async () => {
    plain = await run(decodeOnly(tinyPackage()));
  });

  it('computes what the interpreter computes, unchanged', () => {
    assert.equal(plain.length, ids.length * 10);
    const error = relativeError(plain, evaluateSequence(tinyPackage().decode, ids));
    assert.ok(error < 1e-5, `${error}`);
  });

  for (const [title, message, change] of changes) {
    it(title, async () => {
      const tiny = tinyPackage();
      change(tiny.decode, tiny.module);
      const logits = await run(decodeOnly(tiny));
      const error = relativeError(logits, evaluateSequence(tiny.decode, ids));
      assert.ok(error < 1e-5, `${error} from what the graph says`);
      assert.ok(relativeError(logits, plain) > 1e-3, 'the change shows');
    });

    it(`${title}, in the decode graph alone: refused beside the prefill graph`, () => {
      const tiny = tinyPackage();
      change(tiny.decode, tiny.module);
      assert.throws(() => compile(tiny.module), {
        code: 'PLAN_PREFILL_DIFFERS',
        message,
        path: /^subgraphs\[0\]\.operators\[\d+\]$/,
      });
    });
  }
});

describe('plan: weights of other types', () => {
  const sizes = { hidden_size: 32, intermediate_size: 64, num_attention_heads: 4, num_key_value_heads: 2 };
  const types: [TensorType, number][] = [
    [TensorType.FLOAT16, 1e-5],
    [TensorType.BFLOAT16, 1e-5],
    // Kernels also store what a row multiplies such weights with in eight bits: 1 in 254 of the largest of 32, in each of
    // 14 products, over 32 or 64 terms only.
    [TensorType.GGML_Q8_0, 8e-2],
    [TensorType.GGML_Q4_0, 8e-2],
  ];
  for (const [type, tolerance] of types) {
    it(`${TensorType[type]}: what the interpreter computes of the same bytes`, async () => {
      const tiny = tinyPackage(sizes);
      const { decode, module } = tiny;
      let narrowed = 0;
      for (const op of decode.ops)
        op.inputs.forEach((input, i) => {
          if (!input?.isConstant || input.shape.length !== 2 || input.shape[1]! % 32 || input.type !== 0)
            return;
          if (op.code !== FULLY_CONNECTED && op.code !== ATTENTION && op.code !== GATHER) return;
          narrowInput(module, decode, op, i, type);
          narrowed++;
        });
      assert.equal(narrowed, 2 * 7 + 2);
      const logits = await run(decodeOnly(tiny));
      const error = relativeError(logits, evaluateSequence(decode, ids));
      assert.ok(error < tolerance, `${error}`);
      const wide = await run(decodeOnly(tinyPackage(sizes)));
      assert.ok(relativeError(logits, wide) > 1e-4, 'the type shows');
    });
  }
});
