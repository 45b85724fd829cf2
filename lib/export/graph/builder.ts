/** Operators as the reference exporter writes them: their options, constant operands and names. */
import { BuiltinOperator, BuiltinOptions, type ByteSource, TensorType } from '../../circle/index.ts';
import {
  addConstant,
  addValue,
  Graph,
  Module,
  makeOp,
  type OpOptions,
  type Value,
} from '../../ir/graph/index.ts';

const FUSED_NONE = 0;

export class GraphBuilder {
  readonly module = new Module();
  readonly graph = new Graph({ name: 'subgraph', debugMetadataIndex: -1 });
  #constants = 0;
  readonly #counts = new Map<string, number>();

  constructor() {
    this.module.description = 'circle';
    this.module.graphs.push(this.graph);
    this.module.buffers.push({ data: null });
  }

  input(name: string, type: TensorType, shape: number[]): Value {
    const value = addValue(this.module, this.graph, { name: `tico::${name}`, type, shape });
    this.graph.inputs.push(value);
    return value;
  }

  constant(name: string, shape: readonly number[], bytes: ByteSource, type = TensorType.FLOAT32): Value {
    return addConstant(this.module, this.graph, { name, type, shape, bytes });
  }

  floats(name: string, shape: readonly number[], numbers: Float32Array): Value {
    return this.constant(name, shape, new Uint8Array(numbers.buffer));
  }

  scalar(number: number): Value {
    return this.floats(this.#constantName(), [], Float32Array.of(number));
  }

  /** An INT64 scalar. */
  long(name: string, number: number): Value {
    const bytes = new Uint8Array(BigInt64Array.of(BigInt(number)).buffer);
    return this.constant(name, [], bytes, TensorType.INT64);
  }

  #ints(numbers: readonly number[]): Value {
    const bytes = new Uint8Array(Int32Array.from(numbers).buffer);
    return this.constant(this.#constantName(), [numbers.length], bytes, TensorType.INT32);
  }

  #constantName(): string {
    const n = this.#constants++;
    return n === 0 ? 'const_tensor' : `const_tensor_${n - 1}`;
  }

  /**
   * Passes over numbers of a stem (`mul`, `permute`): the reference exporter numbers operators before it simplifies
   * the graph, and the names of K and V outputs carry these numbers.
   */
  skipNumbers(stem: string, n: number): void {
    this.#counts.set(stem, (this.#counts.get(stem) ?? 0) + n);
  }

  /** Adds an operator with one output of the given shape, named `owner::stem`; stems are numbered over all owners. */
  #op(
    code: BuiltinOperator,
    inputs: (Value | null)[],
    name: string,
    shape: readonly number[],
    options?: OpOptions,
    type: TensorType = inputs[0]!.type,
  ): Value {
    const stem = name.slice(name.indexOf('::') + 2);
    const n = this.#counts.get(stem) ?? 0;
    this.#counts.set(stem, n + 1);
    const output = addValue(this.module, this.graph, { name: n === 0 ? name : `${name}_${n}`, type, shape });
    this.graph.ops.push(makeOp(this.module, code, inputs, [output], options));
    return output;
  }

  gather(table: Value, ids: Value, name: string): Value {
    const options = { type: BuiltinOptions.GatherOptions, value: { axis: 0, batchDims: 0 } };
    const shape = [...ids.shape, table.shape[1]!];
    // GATHER widens the rows of a narrower table.
    return this.#op(BuiltinOperator.GATHER, [table, ids], name, shape, options, TensorType.FLOAT32);
  }

  mul(a: Value, b: Value, name: string): Value {
    const options = { type: BuiltinOptions.MulOptions, value: { fusedActivationFunction: FUSED_NONE } };
    return this.#op(BuiltinOperator.MUL, [a, b], name, broadcast(a.shape, b.shape), options);
  }

  add(a: Value, b: Value, name: string): Value {
    const value = { fusedActivationFunction: FUSED_NONE, potScaleInt16: false };
    const options = { type: BuiltinOptions.AddOptions, value };
    return this.#op(BuiltinOperator.ADD, [a, b], name, broadcast(a.shape, b.shape), options);
  }

  /** x / number */
  divide(x: Value, number: number, name: string): Value {
    const options = { type: BuiltinOptions.DivOptions, value: { fusedActivationFunction: FUSED_NONE } };
    return this.#op(BuiltinOperator.DIV, [x, this.scalar(number)], name, x.shape, options);
  }

  mean(x: Value, name: string): Value {
    const options = { type: BuiltinOptions.ReducerOptions, value: { keepDims: true } };
    return this.#op(BuiltinOperator.MEAN, [x, this.#ints([-1])], name, [...x.shape.slice(0, -1), 1], options);
  }

  rsqrt(x: Value, name: string): Value {
    return this.#op(BuiltinOperator.RSQRT, [x], name, x.shape);
  }

  logistic(x: Value, name: string): Value {
    return this.#op(BuiltinOperator.LOGISTIC, [x], name, x.shape);
  }

  geluTanh(x: Value, name: string): Value {
    const options = { type: BuiltinOptions.GeluOptions, value: { approximate: true } };
    return this.#op(BuiltinOperator.GELU, [x], name, x.shape, options);
  }

  neg(x: Value, name: string): Value {
    return this.#op(BuiltinOperator.NEG, [x], name, x.shape, { type: BuiltinOptions.NegOptions, value: {} });
  }

  cos(x: Value, name: string): Value {
    return this.#op(BuiltinOperator.COS, [x], name, x.shape, { type: BuiltinOptions.CosOptions, value: {} });
  }

  sin(x: Value, name: string): Value {
    return this.#op(BuiltinOperator.SIN, [x], name, x.shape);
  }

  softmax(x: Value, name: string): Value {
    return this.#op(BuiltinOperator.SOFTMAX, [x], name, x.shape, {
      type: BuiltinOptions.SoftmaxOptions,
      value: { beta: 1 },
    });
  }

  greater(a: Value, b: Value, name: string): Value {
    return this.#op(
      BuiltinOperator.GREATER,
      [a, b],
      name,
      broadcast(a.shape, b.shape),
      undefined,
      TensorType.BOOL,
    );
  }

  lessEqual(a: Value, b: Value, name: string): Value {
    const options = { type: BuiltinOptions.LessEqualOptions, value: {} };
    const shape = broadcast(a.shape, b.shape);
    return this.#op(BuiltinOperator.LESS_EQUAL, [a, b], name, shape, options, TensorType.BOOL);
  }

  sub(a: Value, b: Value, name: string): Value {
    const value = { fusedActivationFunction: FUSED_NONE, potScaleInt16: false };
    const options = { type: BuiltinOptions.SubOptions, value };
    return this.#op(BuiltinOperator.SUB, [a, b], name, broadcast(a.shape, b.shape), options);
  }

  /** To float32. */
  cast(x: Value, name: string): Value {
    const value = { inDataType: x.type, outDataType: TensorType.FLOAT32 };
    const options = { type: BuiltinOptions.CastOptions, value };
    return this.#op(BuiltinOperator.CAST, [x], name, x.shape, options, TensorType.FLOAT32);
  }

  /** x [..., in] · weight [out, in]ᵀ (+ bias [out]) */
  linear(x: Value, weight: Value, bias: Value | null): Value {
    const value = {
      fusedActivationFunction: FUSED_NONE,
      weightsFormat: 0,
      keepNumDims: true,
      asymmetricQuantizeInputs: false,
      quantizedBiasType: 0,
    };
    const options = { type: BuiltinOptions.FullyConnectedOptions, value };
    const shape = [...x.shape.slice(0, -1), weight.shape[0]!];
    return this.#op(
      BuiltinOperator.FULLY_CONNECTED,
      [x, weight, bias],
      'torch.nn.modules.linear.Linear::linear',
      shape,
      options,
    );
  }

  reshape(x: Value, shape: readonly number[], name: string): Value {
    const options = { type: BuiltinOptions.ReshapeOptions, value: { newShape: [...shape] } };
    return this.#op(BuiltinOperator.RESHAPE, [x, this.#ints(shape)], name, shape, options);
  }

  transpose(x: Value, axes: readonly number[], name: string): Value {
    const options = { type: BuiltinOptions.TransposeOptions, value: {} };
    const shape = axes.map((axis) => x.shape[axis]!);
    return this.#op(BuiltinOperator.TRANSPOSE, [x, this.#ints(axes)], name, shape, options);
  }

  broadcastTo(x: Value, shape: readonly number[], name: string): Value {
    const options = { type: BuiltinOptions.BroadcastToOptions, value: {} };
    return this.#op(BuiltinOperator.BROADCAST_TO, [x, this.#ints(shape)], name, shape, options);
  }

  concat(a: Value, b: Value, axis: number, name: string): Value {
    const value = { axis, fusedActivationFunction: FUSED_NONE };
    const at = axis + a.shape.length;
    const shape = a.shape.map((dim, i) => (i === at ? dim + b.shape[i]! : dim));
    return this.#op(BuiltinOperator.CONCATENATION, [a, b], name, shape, {
      type: BuiltinOptions.ConcatenationOptions,
      value,
    });
  }

  /** Columns begin … end − 1 of the last axis. */
  sliceLast(x: Value, begin: number, end: number, name: string): Value {
    const value = {
      beginMask: 0,
      endMask: 0,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 0,
      offset: false,
    };
    const last = x.shape.length - 1;
    const from = x.shape.map((_, i) => (i === last ? begin : 0));
    const to = x.shape.map((dim, i) => (i === last ? end : dim));
    const shape = x.shape.map((dim, i) => (i === last ? end - begin : dim));
    const operands = [x, this.#ints(from), this.#ints(to), this.#ints(x.shape.map(() => 1))];
    return this.#op(BuiltinOperator.STRIDED_SLICE, operands, name, shape, {
      type: BuiltinOptions.StridedSliceOptions,
      value,
    });
  }

  batchMatmul(a: Value, b: Value, name: string): Value {
    const value = { adjointLhs: false, adjointRhs: false, asymmetricQuantizeInputs: false };
    return this.#op(BuiltinOperator.BATCH_MATMUL, [a, b], name, [...a.shape.slice(0, -1), b.shape.at(-1)!], {
      type: BuiltinOptions.BatchMatMulOptions,
      value,
    });
  }
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const dim = (shape: readonly number[], i: number) => shape[i - rank + shape.length] ?? 1;
  return Array.from({ length: rank }, (_, i) => Math.max(dim(a, i), dim(b, i)));
}
