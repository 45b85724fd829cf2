/**
 * Structural comparison of two modules. Equal are: versions, graphs pairwise (inputs and outputs by name, type, shape
 * and order; above every output the same operators with the same options over the same inputs; constants by bytes),
 * and signatures. Free are: numbering, the order of operators, names inside, dead operators and values, graph outputs
 * without a producer, and products with 1.0.
 */
import assert from 'node:assert/strict';
import { BuiltinOperator, TensorType } from '../../lib/circle/index.ts';
import { bytesOf, elementCount, scalarOf } from '../../lib/ir/constants.ts';
import type { Graph, Module, Op, SignaturePort, Value } from '../../lib/ir/graph.ts';

/** Fails with the first difference and where it is. */
export function assertSameModule(actual: Module, expected: Module): void {
  const difference = firstDifference(actual, expected);
  assert.equal(difference, undefined, difference);
}

/** The first difference, `path: this against that`, or undefined. */
export function firstDifference(a: Module, b: Module): string | undefined {
  if (a.version !== b.version) return `version: ${a.version} against ${b.version}`;
  if (a.graphs.length !== b.graphs.length) return `graphs: ${a.graphs.length} against ${b.graphs.length}`;
  for (const [i, graph] of a.graphs.entries()) {
    const difference = compareGraphs(graph, b.graphs[i]!, `graphs[${i}]`);
    if (difference) return difference;
  }
  return compareSignatures(a, b);
}

function compareSignatures(a: Module, b: Module): string | undefined {
  const [left, right] = [a.signatures ?? [], b.signatures ?? []];
  if (left.length !== right.length) return `signatures: ${left.length} against ${right.length}`;
  for (const [i, signature] of left.entries()) {
    const other = right[i]!;
    const describe = (module: Module, s: typeof signature) =>
      JSON.stringify({
        key: s.key,
        graph: module.graphs.indexOf(s.graph),
        inputs: ports(s.inputs, s.graph.inputs),
        outputs: ports(s.outputs, outputsOf(s.graph)),
      });
    const [mine, theirs] = [describe(a, signature), describe(b, other)];
    if (mine !== theirs) return `signatures[${i}]: ${mine} against ${theirs}`;
  }
  return undefined;
}

/** Name and place of each port; ports of outputs without a producer are left out. */
function ports(list: SignaturePort[] | null, values: Value[]): unknown {
  return (
    list?.flatMap(({ name, value }) => (values.includes(value) ? [[name, values.indexOf(value)]] : [])) ??
    null
  );
}

/** The graph outputs that an operator produces; caches that an exporter passes straight through are left out too. */
function outputsOf(graph: Graph): Value[] {
  return graph.outputs.filter((value) => value.producer !== null);
}

interface Pair {
  a: Value;
  b: Value;
  path: string;
}

function compareGraphs(a: Graph, b: Graph, path: string): string | undefined {
  const queue: Pair[] = [];
  for (const [side, left, right] of [
    ['inputs', a.inputs, b.inputs],
    ['outputs', outputsOf(a), outputsOf(b)],
  ] as const) {
    if (left.length !== right.length)
      return `${path}.${side}: ${left.map((v) => v.name)} against ${right.map((v) => v.name)}`;
    for (const [i, value] of left.entries()) {
      const other = right[i]!;
      const at = `${path}.${side}[${i}]`;
      if (value.name !== other.name) return `${at}: '${value.name}' against '${other.name}'`;
      const difference = compareTypes(value, other, at);
      if (difference) return difference;
      queue.push({ a: value, b: other, path: at });
    }
  }
  return walk(a, b, path, queue);
}

/** Follows producers from paired values; a value may be paired once only, in both directions. */
function walk(a: Graph, b: Graph, path: string, queue: Pair[]): string | undefined {
  const partner = new Map<Value, Value>();
  const reverse = new Map<Value, Value>();
  const numbers = new Map(a.ops.map((op, i) => [op, i]));
  for (let pair = queue.pop(); pair; pair = queue.pop()) {
    const [left, right] = [withoutOnes(pair.a), withoutOnes(pair.b)];
    const at = `${pair.path} '${left.name}'`;
    if (left.isConstant || right.isConstant) {
      const difference = compareConstants(left, right, at);
      if (difference) return difference;
      continue;
    }
    const known = partner.get(left) ?? right;
    if (known !== right || (reverse.get(right) ?? left) !== left)
      return `${at}: shared on one side only ('${right.name}' against '${known.name}')`;
    if (partner.has(left)) continue;
    partner.set(left, right);
    reverse.set(right, left);
    const difference = compareTypes(left, right, at) ?? compareSources(left, right, a, b, at);
    if (difference) return difference;
    if (!left.producer) continue;
    const where = `${path}.operators[${numbers.get(left.producer)}]`;
    left.producer.inputs.forEach((input, i) => {
      const other = right.producer!.inputs[i];
      if (input && other) queue.push({ a: input, b: other, path: `${where}.inputs[${i}]` });
    });
  }
  return undefined;
}

/** The value before products with 1.0. */
function withoutOnes(value: Value): Value {
  let at = value;
  for (let op = at.producer; op?.code === BuiltinOperator.MUL; op = at.producer) {
    const [x, y]: (Value | undefined)[] = [op.input(0), op.input(1)];
    const data: Value | undefined = scalarOf(y) === 1 ? x : scalarOf(x) === 1 ? y : undefined;
    if (!data || String(data.shape) !== String(at.shape)) break;
    at = data;
  }
  return at;
}

function compareTypes(a: Value, b: Value, path: string): string | undefined {
  const describe = ({ type, shape, attributes }: Value) =>
    `${TensorType[type]}[${shape.join(', ')}]${text({
      quantization: attributes.quantization,
      sparsity: attributes.sparsity,
      isVariable: attributes.isVariable,
    })}`;
  return describe(a) === describe(b) ? undefined : `${path}: ${describe(a)} against ${describe(b)}`;
}

function compareConstants(a: Value, b: Value, path: string): string | undefined {
  if (!a.isConstant || !b.isConstant) return `${path}: a constant on one side only ('${b.name}')`;
  const [left, right] = [bytesOf(a)!, bytesOf(b)!];
  const isSame = Buffer.compare(left, right) === 0;
  return compareTypes(a, b, path) ?? (isSame ? undefined : `${path}: other bytes than '${b.name}'`);
}

function compareSources(a: Value, b: Value, inA: Graph, inB: Graph, path: string): string | undefined {
  const [left, right] = [a.producer, b.producer];
  if (!left || !right) {
    const [i, j] = [inA.inputs.indexOf(a), inB.inputs.indexOf(b)];
    const isSame = !left && !right && i === j;
    return isSame ? undefined : `${path}: ${sourceName(left, i)} against ${sourceName(right, j)}`;
  }
  if (left.outputs.indexOf(a) !== right.outputs.indexOf(b))
    return `${path}: another output of ${sourceName(left)}`;
  const [mine, theirs] = [describeOp(left), describeOp(right)];
  return mine === theirs ? undefined : `${path}: ${mine} against ${theirs}`;
}

function sourceName(op: Op | null, input = -1): string {
  return op ? (BuiltinOperator[op.code] ?? `operator ${op.code}`) : input < 0 ? 'nothing' : `input ${input}`;
}

/** Operator, options and which optional inputs are there; an absent and an empty vector mean the same. */
function describeOp(op: Op): string {
  const { customOptions, mutatingVariableInputs, builtinOptionsType, builtinOptions } = op.attributes;
  const { builtinOptions2Type, builtinOptions2 } = op.attributes;
  const { customCode, version } = op.opcode;
  const inputs = op.inputs.map((input) => (input ? 'x' : '-')).join('');
  const options = {
    ...{ customCode, version, builtinOptionsType, builtinOptions, builtinOptions2Type, builtinOptions2 },
    customOptions: customOptions?.length ? customOptions : null,
    mutatingVariableInputs: mutatingVariableInputs?.some(Boolean) ? mutatingVariableInputs : null,
  };
  return `${sourceName(op)}(${inputs})→${op.outputs.length} ${text(options)}`;
}

/** JSON with typed arrays as lists and bigints as text. */
function text(data: unknown): string {
  return JSON.stringify(data, (_key, item) =>
    typeof item === 'bigint' ? `${item}` : ArrayBuffer.isView(item) ? Array.from(item as Uint8Array) : item,
  );
}

/** How many elements all constants of a graph hold: a guard that a comparison compared something. */
export function constantElements(graph: Graph): number {
  return graph.values.reduce((n, value) => n + (value.isConstant ? elementCount(value.shape) : 0), 0);
}
