/**
 * A small language for graphs in tests. One line each:
 *
 *   input  x f32[1,1,4]                 a graph input
 *   const  w f32[2,4] = 1 2 3 …         a constant; `= random 7` fills it from a seed
 *   y = FULLY_CONNECTED(x, w, -) keepNumDims=true
 *   lo, hi = SPLIT(0, y)                several outputs; types and shapes are inferred
 *   z: f32[1,2] = CUSTOM(y)             … or said, where there is no inference
 *   output z
 *
 * Inside the parentheses `-` is a left-out input, `0.5` a FLOAT32 scalar, `[1,-1]` an INT32 vector, `7` an INT32
 * scalar, each a constant made on the spot. `#` starts a comment.
 */
import { BuiltinOperator, BuiltinOptions, type Operator, TensorType } from '../../lib/circle/index.ts';
import { intsOf } from '../../lib/ir/constants.ts';
import { addConstant, addValue, makeOp } from '../../lib/ir/edit.ts';
import { Graph, Module, type Op, type Value } from '../../lib/ir/graph.ts';
import { inferOutputs } from '../../lib/ir/shape.ts';
import { randomFloats, seeded } from './mutate.ts';

export interface TextGraph {
  module: Module;
  graph: Graph;
  /** The value of that name. */
  value(name: string): Value;
}

const TYPES: Record<string, TensorType> = {
  f32: TensorType.FLOAT32,
  i32: TensorType.INT32,
  i64: TensorType.INT64,
  bool: TensorType.BOOL,
};

type Fields = Record<string, number | boolean | number[]>;

/** Options of operators, with what exporters write into them. */
const OPTIONS: Partial<Record<keyof typeof BuiltinOperator, [BuiltinOptions, Fields]>> = {
  ADD: [BuiltinOptions.AddOptions, { fusedActivationFunction: 0, potScaleInt16: false }],
  SUB: [BuiltinOptions.SubOptions, { fusedActivationFunction: 0, potScaleInt16: false }],
  MUL: [BuiltinOptions.MulOptions, { fusedActivationFunction: 0 }],
  DIV: [BuiltinOptions.DivOptions, { fusedActivationFunction: 0 }],
  MEAN: [BuiltinOptions.ReducerOptions, { keepDims: true }],
  SUM: [BuiltinOptions.ReducerOptions, { keepDims: true }],
  SOFTMAX: [BuiltinOptions.SoftmaxOptions, { beta: 1 }],
  GATHER: [BuiltinOptions.GatherOptions, { axis: 0, batchDims: 0 }],
  CONCATENATION: [BuiltinOptions.ConcatenationOptions, { axis: 0, fusedActivationFunction: 0 }],
  TRANSPOSE: [BuiltinOptions.TransposeOptions, {}],
  SQUEEZE: [BuiltinOptions.SqueezeOptions, { squeezeDims: [] }],
  PACK: [BuiltinOptions.PackOptions, { valuesCount: 1, axis: 0 }],
  SPLIT: [BuiltinOptions.SplitOptions, { numSplits: 1 }],
  CAST: [BuiltinOptions.CastOptions, { inDataType: 0, outDataType: 0 }],
  GELU: [BuiltinOptions.GeluOptions, { approximate: false }],
  NEG: [BuiltinOptions.NegOptions, {}],
  RMS_NORM: [BuiltinOptions.RmsNormOptions, { epsilon: 0 }],
  ROPE: [BuiltinOptions.RoPEOptions, { mode: 0 }],
  ATTENTION: [BuiltinOptions.AttentionOptions, {}],
  RESHAPE: [BuiltinOptions.ReshapeOptions, { newShape: [] }],
  BATCH_MATMUL: [
    BuiltinOptions.BatchMatMulOptions,
    { adjointLhs: false, adjointRhs: false, asymmetricQuantizeInputs: false },
  ],
  FULLY_CONNECTED: [
    BuiltinOptions.FullyConnectedOptions,
    {
      fusedActivationFunction: 0,
      weightsFormat: 0,
      keepNumDims: true,
      asymmetricQuantizeInputs: false,
      quantizedBiasType: 0,
    },
  ],
  STRIDED_SLICE: [
    BuiltinOptions.StridedSliceOptions,
    { beginMask: 0, endMask: 0, ellipsisMask: 0, newAxisMask: 0, shrinkAxisMask: 0, offset: false },
  ],
};

/** Reads one graph. @throws Error with the line that cannot be read. */
export function textGraph(text: string): TextGraph {
  const module = new Module();
  const graph = new Graph({ name: 'subgraph', debugMetadataIndex: -1 });
  module.graphs.push(graph);
  const values = new Map<string, Value>();
  const value = (name: string): Value => {
    const found = values.get(name);
    if (!found) throw new Error(`no value '${name}' in the graph`);
    return found;
  };
  const reader = new Reader(module, graph, values, value);
  for (const [i, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim();
    if (words === '') continue;
    try {
      reader.read(words);
    } catch (error) {
      throw new Error(`line ${i + 1}, '${words}': ${(error as Error).message}`, { cause: error });
    }
  }
  return { module, graph, value };
}

class Reader {
  private readonly module: Module;
  private readonly graph: Graph;
  private readonly values: Map<string, Value>;
  private readonly value: (name: string) => Value;
  private literals = 0;

  constructor(module: Module, graph: Graph, values: Map<string, Value>, value: (name: string) => Value) {
    this.module = module;
    this.graph = graph;
    this.values = values;
    this.value = value;
  }

  read(line: string): void {
    const declared = /^(input|const)\s+(\S+)\s+(\w+)\[([\d,\s]*)\](?:\s*=\s*(.+))?$/.exec(line);
    const operation = /^([^=]+?)\s*=\s*([A-Z0-9_]+)\((.*?)\)\s*([^)]*)$/.exec(line);
    const output = /^output\s+(\S+)$/.exec(line);
    if (output) this.graph.outputs.push(this.value(output[1]!));
    else if (declared) this.declare(declared);
    else if (operation) this.operate(operation);
    else throw new Error('expected input, const, output or an operator');
  }

  private declare([, kind, name, typeName, dims, content]: RegExpExecArray): void {
    const type = typeOf(typeName!);
    const shape = shapeOf(dims!);
    if (kind === 'input') {
      const made = addValue(this.module, this.graph, { name: name!, type, shape });
      this.graph.inputs.push(made);
      this.values.set(name!, made);
      return;
    }
    const count = shape.reduce((n, dim) => n * dim, 1);
    const seed = /^random (\d+)$/.exec(content ?? '')?.[1];
    const numbers = seed
      ? randomFloats(count, seeded(Number(seed)))
      : (content ?? '').split(/[\s,]+/).map(Number);
    if (numbers.length !== count || numbers.some(Number.isNaN)) throw new Error(`expected ${count} numbers`);
    this.values.set(name!, this.constant(name!, type, shape, numbers));
  }

  private constant(name: string, type: TensorType, shape: number[], numbers: ArrayLike<number>): Value {
    const bytes = new Uint8Array(arrayOf(type, numbers).buffer);
    return addConstant(this.module, this.graph, { name, type, shape, bytes });
  }

  private operate([, left, operator, args, rest]: RegExpExecArray): void {
    const code = BuiltinOperator[operator as keyof typeof BuiltinOperator];
    if (code === undefined) throw new Error(`no operator ${operator}`);
    const inputs = splitArguments(args!).map((word) => this.argument(word));
    const [type, fields] = OPTIONS[operator as keyof typeof BuiltinOperator] ?? [BuiltinOptions.NONE, null];
    const given = fieldsOf(rest!);
    const implied = operator === 'RESHAPE' ? { newShape: intsOf(inputs[1]) ?? [] } : {};
    const options = fields && ({ ...fields, ...implied, ...given } as unknown as Operator['builtinOptions']);
    if (!fields && Object.keys(given).length > 0) throw new Error(`no options for ${operator} here`);
    const op = makeOp(this.module, code, inputs, [], { type, value: options });
    this.outputs(op, left!);
    this.graph.ops.push(op);
  }

  private outputs(op: Op, left: string): void {
    const names = left.split(/,(?![^[]*\])/).map((name) => name.trim());
    // Rules for several outputs count them, so they must be there first.
    names.forEach((word, i) => {
      const [, name, typeName, dims] = /^(\S+?)(?::\s*(\w+)\[([\d,\s]*)\])?$/.exec(word)!;
      const made = addValue(this.module, this.graph, {
        name: name!,
        type: typeName ? typeOf(typeName) : TensorType.FLOAT32,
        shape: typeName ? shapeOf(dims!) : [],
      });
      op.outputs[i] = made;
      made.producer = op;
      if (this.values.has(name!)) throw new Error(`'${name}' twice`);
      this.values.set(name!, made);
    });
    names.forEach((word, i) => {
      if (word.includes(':')) return;
      const spec = inferOutputs(op)?.[i];
      if (!spec) throw new Error(`no inference for output ${i}; say its type as 'name: f32[1]'`);
      op.outputs[i]!.type = spec.type;
      op.outputs[i]!.shape = spec.shape;
    });
  }

  private argument(word: string): Value | null {
    if (word === '-') return null;
    const known = this.values.get(word);
    if (known) return known;
    const name = `literal_${this.literals++}`;
    if (/^\[.*\]$/.test(word)) {
      const list = shapeOf(word.slice(1, -1));
      return this.constant(name, TensorType.INT32, [list.length], list);
    }
    if (/^-?\d+$/.test(word)) return this.constant(name, TensorType.INT32, [], [Number(word)]);
    if (Number.isFinite(Number(word))) return this.constant(name, TensorType.FLOAT32, [], [Number(word)]);
    throw new Error(`no value '${word}'`);
  }
}

function splitArguments(args: string): string[] {
  return args.trim() === '' ? [] : args.split(/,(?![^[]*\])/).map((word) => word.trim());
}

function fieldsOf(rest: string): Fields {
  const pairs = rest
    .split(/\s+/)
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=') as [string, string]);
  return Object.fromEntries(pairs.map(([name, text]) => [name, TYPES[text] ?? (JSON.parse(text) as number)]));
}

function typeOf(name: string): TensorType {
  const type = TYPES[name];
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

function shapeOf(dims: string): number[] {
  return dims.trim() === '' ? [] : dims.split(',').map(Number);
}

function arrayOf(type: TensorType, numbers: ArrayLike<number>) {
  if (type === TensorType.FLOAT32) return Float32Array.from(numbers);
  if (type === TensorType.INT32) return Int32Array.from(numbers);
  if (type === TensorType.INT64) return BigInt64Array.from(Array.from(numbers), BigInt);
  return Uint8Array.from(numbers);
}
