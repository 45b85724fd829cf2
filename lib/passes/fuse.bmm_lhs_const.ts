/**
 * fuse.bmm_lhs_const: a product with a constant on its left becomes a FULLY_CONNECTED.
 *
 *   BEFORE  TRANSPOSE(BATCH_MATMUL(L, R), last two axes)      L constant [M, K] or [1, …, 1, M, K], R [..., K, N]
 *   AFTER   FULLY_CONNECTED(Rᵀ, L) keep_num_dims              (L·R)ᵀ = Rᵀ·Lᵀ, [..., N, M]
 *
 * Rᵀ is R itself where both have one shape and order (K = N = 1); otherwise a TRANSPOSE is put in. (The reference
 * takes R as it is whenever batch and K are 1, which is right for N = 1 only, and mishandles L of rank ≠ 3.)
 */
import { BuiltinOperator, BuiltinOptions, TensorType } from '../circle/index.ts';
import type { Graph, Module, Op, Value } from '../ir/graph/index.ts';
import {
  addConstant,
  addValue,
  insertOps,
  makeOp,
  removeDeadFrom,
  takeOutput,
  uniqueName,
} from '../ir/graph/index.ts';
import { optionsOf, swapsLastTwo } from '../ir/match/index.ts';
import { type Outcome, simpleFilter } from './pass.ts';

export const fuseBmmLhsConst = simpleFilter(
  'fuse.bmm_lhs_const',
  'turn TRANSPOSE(BATCH_MATMUL(constant, x)) into FULLY_CONNECTED(x, constant)',
  (module) => {
    const outcome: Outcome = {
      changed: 0,
      candidates: 0,
      what: 'products with a constant left side',
      reasons: [],
    };
    for (const graph of module.graphs) {
      for (const matmul of graph.ops.filter((op) => op.code === BuiltinOperator.BATCH_MATMUL)) {
        if (!matmul.input(0)?.isConstant) continue;
        outcome.candidates++;
        const reason = misfitOf(graph, matmul) ?? fuse(module, graph, matmul);
        if (reason === undefined) outcome.changed++;
        else outcome.reasons.push(`'${matmul.output?.name ?? 'BATCH_MATMUL'}': ${reason}`);
      }
    }
    return outcome;
  },
);

function misfitOf(graph: Graph, matmul: Op): string | undefined {
  const options = optionsOf(matmul, BuiltinOptions.BatchMatMulOptions);
  const [left, right, product] = [matmul.input(0), matmul.input(1), matmul.output];
  if (!left || !right || !product || options?.adjointLhs || options?.adjointRhs)
    return 'a side is transposed';
  if (left.shape.length < 2 || left.shape.slice(0, -2).some((dim) => dim !== 1))
    return 'the constant has a batch';
  if (right.shape.length < Math.max(2, left.shape.length))
    return 'the constant has more axes than the other side';
  const transpose = product.users[0];
  if (product.users.length !== 1 || graph.outputs.includes(product)) return 'the product has other users';
  if (transpose?.code !== BuiltinOperator.TRANSPOSE || !swapsLastTwo(transpose))
    return 'no transposition follows';
  return undefined;
}

function fuse(module: Module, graph: Graph, matmul: Op): undefined {
  const [left, right] = [matmul.input(0)!, matmul.input(1)!];
  const transpose = matmul.output!.users[0]!;
  const result = transpose.output!;
  const weight = asMatrix(module, graph, left);
  const ops: Op[] = [];
  const input = transposed(module, graph, right, ops);
  const connected = makeOp(module, BuiltinOperator.FULLY_CONNECTED, [input, weight, null], [], {
    type: BuiltinOptions.FullyConnectedOptions,
    value: {
      fusedActivationFunction: 0,
      weightsFormat: 0,
      keepNumDims: true,
      asymmetricQuantizeInputs: false,
      quantizedBiasType: 0,
    },
  });
  insertOps(graph, transpose, [...ops, connected]);
  takeOutput(connected, result);
  removeDeadFrom(graph, [transpose, matmul]);
  return undefined;
}

/** L with rank 2: the tensor itself when nothing but this product needs it, else a second one over the same buffer. */
function asMatrix(module: Module, graph: Graph, left: Value): Value {
  const shape = left.shape.slice(-2);
  if (left.shape.length === 2) return left;
  if (left.users.length === 1 && !graph.outputs.includes(left)) {
    left.shape = shape;
    return left;
  }
  const name = uniqueName(graph, `${left.name}_matrix`);
  return addValue(module, graph, { name, type: left.type, shape, buffer: left.buffer });
}

function transposed(module: Module, graph: Graph, right: Value, ops: Op[]): Value {
  const rank = right.shape.length;
  const axes = right.shape.map((_, i) => (i === rank - 2 ? rank - 1 : i === rank - 1 ? rank - 2 : i));
  const shape = axes.map((axis) => right.shape[axis]!);
  if (right.shape.at(-1) === 1 && right.shape.at(-2) === 1) return right;
  const permutation = addConstant(module, graph, {
    name: uniqueName(graph, `${right.name}_permutation`),
    type: TensorType.INT32,
    shape: [rank],
    bytes: new Uint8Array(Int32Array.from(axes).buffer),
  });
  const output = addValue(module, graph, {
    name: uniqueName(graph, `${right.name}_transposed`),
    type: right.type,
    shape,
  });
  ops.push(
    makeOp(module, BuiltinOperator.TRANSPOSE, [right, permutation], [output], {
      type: BuiltinOptions.TransposeOptions,
      value: {},
    }),
  );
  return output;
}
