import assert from 'node:assert/strict';
import { join } from 'node:path';
import { BuiltinOperator, BuiltinOptions } from '../../../lib/circle/index.ts';
import { exportDecode, exportPrefill, openHf } from '../../../lib/export/index.ts';
import {
  addConstant,
  floatsOf,
  type Graph,
  intsOf,
  type Module,
  type Op,
  replaceUses,
  setInput,
  type Value,
} from '../../../lib/ir/graph/index.ts';
import { optionsOf } from '../../../lib/ir/match/index.ts';
import { analyse } from '../../../lib/plan/analyse.ts';
import { compile } from '../../../lib/plan/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';
import { merge, reread } from '../../support/passes.ts';
import { decodeOnly, opsOfCode, residuals, tinyPackage } from '../../support/tiny-model.ts';

const { ADD, FULLY_CONNECTED, MUL, RESHAPE, SOFTMAX, TRANSPOSE } = BuiltinOperator;

function constant(module: Module, graph: Graph, like: Value, numbers: Float32Array | Int32Array): Value {
  const { type, shape } = like;
  return addConstant(module, graph, { name: 'changed', type, shape, bytes: new Uint8Array(numbers.buffer) });
}

/** Gives an operator other numbers for a FLOAT32 constant. */
function rewrite(graph: Graph, module: Module, op: Op, i: number, f: (x: number, k: number) => number): void {
  setInput(op, i, constant(module, graph, op.input(i)!, floatsOf(op.input(i))!.map(f)));
}

const maskAdds = (graph: Graph) =>
  opsOfCode(graph, ADD).filter((op) => op.input(1)?.isConstant && op.input(1)!.shape.length === 4);

/** What is changed in the prefill graph, and how the refusal says so. */
const changes: [string, RegExp, (graph: Graph, module: Module) => void][] = [
  [
    'two weights of one shape exchanged',
    /has the weight '\S*1_mlp_down_proj_weight' as weight of matmul where decode has the weight '\S*0_mlp_down_proj_weight'/,
    (graph) => {
      const downs = opsOfCode(graph, FULLY_CONNECTED).filter((op) => op.input(1)!.shape[1] === 12);
      const [a, b] = downs.map((op) => op.input(1)!) as [Value, Value];
      setInput(downs[0]!, 1, b);
      setInput(downs[1]!, 1, a);
    },
  ],
  [
    'one bit of a weight',
    /has the weight 'changed' as weight of matmul/,
    (graph, module) => {
      rewrite(graph, module, opsOfCode(graph, FULLY_CONNECTED).at(-1)!, 1, (x, i) => (i === 17 ? -x : x));
    },
  ],
  [
    'a mask that lets the second row see the third',
    /has attention with a mask that is 0 for column 2 at position 1, where decode's is closed/,
    (graph, module) => {
      rewrite(graph, module, maskAdds(graph)[0]!, 1, (x, i) => (i === 34 ? 0 : x));
    },
  ],
  [
    'a mask that is not quite closed',
    /with a mask that is -10000 for column 31 at position 0/,
    (graph, module) => {
      rewrite(graph, module, maskAdds(graph)[1]!, 1, (x, i) => (i === 31 ? -10_000 : x));
    },
  ],
  [
    'positions that start at 1',
    /with another cos than decode at position 0/,
    (graph, module) => {
      const tables = opsOfCode(graph, MUL).flatMap((op) =>
        op.inputs.flatMap((input, i) => (input?.isConstant && input.shape.at(-2) === 32 ? [{ op, i }] : [])),
      );
      assert.equal(tables.length, 8);
      const [first] = tables;
      const table = first!.op.input(first!.i)!;
      const numbers = floatsOf(table)!;
      const shifted = constant(
        module,
        graph,
        table,
        Float32Array.of(...numbers.slice(4), ...numbers.slice(0, 4)),
      );
      for (const { op, i } of tables) if (op.input(i) === table) setInput(op, i, shifted);
    },
  ],
  [
    'the residual of another layer',
    /prefill has \w+ where decode has \w+/,
    (graph, module) => {
      const [attended, fed] = residuals(graph);
      replaceUses(module, graph, fed!.output!, attended!.output!);
    },
  ],
  [
    'heads put together in another order',
    /cannot be shown to: expected attention over the cache, got: /,
    (graph, module) => {
      const merged = opsOfCode(graph, TRANSPOSE).find(
        (op) =>
          op.input(0)!.producer!.code === RESHAPE &&
          op.output!.users[0]!.code === RESHAPE &&
          intsOf(op.input(1))!.join() === '0,2,1,3' &&
          op.input(0)!.shape[1] === 2,
      )!;
      const same = constant(module, graph, merged.input(1)!, Int32Array.of(0, 1, 2, 3));
      setInput(merged, 1, same);
      merged.output!.shape = merged.input(0)!.shape;
    },
  ],
  [
    'a sum over rows in the place of one over a row',
    /cannot be shown to: expected an operator that works row by row/,
    (graph, module) => {
      const mean = opsOfCode(graph, BuiltinOperator.MEAN).at(-1)!;
      setInput(mean, 1, constant(module, graph, mean.input(1)!, Int32Array.of(1)));
      // Mean, ε and root.
      for (let op = mean; op.code !== MUL; op = op.output!.users[0]!) op.output!.shape = [1, 1, 8];
    },
  ],
  [
    'a softmax of twice the scores',
    /got: SOFTMAX has a beta other than 1/,
    (graph) => {
      const softmax = opsOfCode(graph, SOFTMAX)[0]!;
      optionsOf(softmax, BuiltinOptions.SoftmaxOptions)!.beta = 2;
    },
  ],
];

describe('plan: prefill is the program of decode', () => {
  it('is proved for a package of the filters, every weight being one memory', () => {
    const { prefill, context } = analyse(tinyPackage().module);
    assert.equal(context.attention.size, 2);
    // Embedding; twice norm, q, k, v, attention, o, sum, norm, gate, up, SiLU, down, sum; norm, head.
    assert.deepEqual(prefill, {
      path: 'subgraphs[0]',
      rows: 32,
      steps: 29,
      weights: { shared: 21, equal: 0 },
    });
  });

  it('is proved by bytes where the graphs have weights of their own', () => {
    const { module, prefill } = tinyPackage();
    for (const op of prefill.ops)
      op.inputs.forEach((input, i) => {
        if (!input?.isConstant || input.type !== 0 || input.shape.length === 0) return;
        setInput(op, i, constant(module, prefill, input, floatsOf(input)!));
      });
    const found = analyse(module).prefill!;
    assert.deepEqual([found.steps, found.weights], [29, { shared: 0, equal: 21 }]);
  });

  it('has nothing to prove without a prefill graph', () => {
    assert.equal(analyse(decodeOnly(tinyPackage())).prefill, null);
  });

  it('compares the graph that is signed prefill, wherever it stands', () => {
    const other = tinyPackage().prefill;
    optionsOf(opsOfCode(other, SOFTMAX)[0]!, BuiltinOptions.SoftmaxOptions)!.beta = 2;
    const { module } = tinyPackage();
    module.graphs.unshift(other);
    assert.equal(analyse(module).prefill!.path, 'subgraphs[1]');
    const signature = module.signatures!.find(({ key }) => key === 'prefill')!;
    signature.key = 'first_tokens';
    assert.throws(() => analyse(module), {
      code: 'SIGNATURE',
      message:
        /expected at most one prefill graph, got subgraphs\[0\] with inputs .*; subgraphs\[1\] 'first_tokens'/,
    });
    // The signature decides also where it names a wrong graph.
    signature.key = 'prefill';
    signature.graph = other;
    assert.throws(() => analyse(module), { code: 'PLAN_PREFILL_DIFFERS' });
  });

  it('is proved for any length, open or fused, also where it equals another size', () => {
    const scratch = scratchFolder();
    try {
      const hf = openHf(writeModelDir(join(scratch.path, 'm'), tinyConfig, tinyTensors()));
      // hidden_size 8, 2 heads of 4 over 1, intermediate_size 12, 10 ids.
      for (const length of [1, 2, 3, 4, 8, 10, 12, 33]) {
        const module = merge(
          [exportPrefill(hf, length), exportDecode(hf)],
          'prefill.circle',
          'decode.circle',
        );
        const { prefill } = analyse(reread(module));
        assert.deepEqual([prefill!.rows, prefill!.steps], [length, 29], `length ${length}`);
      }
    } finally {
      scratch.remove();
    }
  });

  describe('a prefill graph that differs is refused, saying where', () => {
    for (const [title, message, change] of changes) {
      it(title, () => {
        const { module, prefill } = tinyPackage();
        change(prefill, module);
        assert.throws(() => compile(module), {
          code: 'PLAN_PREFILL_DIFFERS',
          message,
          path: /^subgraphs\[0\]\.operators\[\d+\]$/,
        });
      });
    }
  });
});
