/**
 * The only place that changes edges of a graph. Every function keeps `producer` and `users` true; passes never
 * touch `inputs`, `outputs` or `users` themselves.
 */
import type {
  BuiltinOperator,
  BuiltinOptions,
  ByteSource,
  CircleBuffer,
  Operator,
  Tensor,
} from '../../circle/index.ts';
import {
  BuiltinOptions as Options,
  plainOperator,
  plainTensor,
  type TensorType,
} from '../../circle/index.ts';
import { type Graph, type Module, Op, Value } from './graph.ts';

/** A new tensor without data, at the end of the graph's tensor list. */
export function addValue(
  module: Module,
  graph: Graph,
  parts: { name: string; type: TensorType; shape: readonly number[]; buffer?: CircleBuffer },
): Value {
  const attributes: Omit<Tensor, 'buffer'> = {
    ...plainTensor,
    name: parts.name,
    type: parts.type,
    shape: [...parts.shape],
  };
  const value = new Value(attributes, parts.buffer ?? module.sentinel);
  graph.values.push(value);
  return value;
}

/** A new constant with a buffer of its own. `bytes` are little-endian, row-major, and kept, not copied. */
export function addConstant(
  module: Module,
  graph: Graph,
  parts: { name: string; type: TensorType; shape: readonly number[]; bytes: ByteSource },
): Value {
  const buffer: CircleBuffer = { data: parts.bytes };
  module.buffers.push(buffer);
  return addValue(module, graph, { ...parts, buffer });
}

/** Options of an operator: which member of the union, and its fields. */
export interface OpOptions {
  type: BuiltinOptions;
  value: Operator['builtinOptions'];
}

/** A new operator, not yet in any list; put it in with `insertOps` or `graph.ops.push`. */
export function makeOp(
  module: Module,
  code: BuiltinOperator,
  inputs: (Value | null)[],
  outputs: Value[],
  options: OpOptions = { type: Options.NONE, value: null },
): Op {
  const op = new Op({
    opcode: module.opcode(code),
    inputs: [...inputs],
    outputs: [...outputs],
    attributes: {
      ...plainOperator,
      builtinOptionsType: options.type,
      builtinOptions: options.value,
    },
  });
  for (const input of inputs) input?.users.push(op);
  for (const output of outputs) output.producer = op;
  return op;
}

/** Puts new operators in front of `before`, which must be in the graph. */
export function insertOps(graph: Graph, before: Op, ops: readonly Op[]): void {
  graph.ops.splice(graph.ops.indexOf(before), 0, ...ops);
}

/** Makes `op` read `value` as input i. */
export function setInput(op: Op, i: number, value: Value | null): void {
  const old = op.inputs[i];
  if (old) removeUse(old, op);
  op.inputs[i] = value;
  value?.users.push(op);
}

/**
 * Makes `op` the producer of `value` in place of the operator that had it, so that the value's readers, its name
 * and its place among the graph's outputs stay. The former producer is left without that output.
 */
export function takeOutput(op: Op, value: Value): void {
  const former = value.producer;
  if (former) former.outputs.splice(former.outputs.indexOf(value), 1);
  value.producer = op;
  op.outputs.push(value);
}

/** Makes every operator, graph output and signature that reads `from` read `to`. */
export function replaceUses(module: Module, graph: Graph, from: Value, to: Value): void {
  for (const user of new Set(from.users)) {
    user.inputs.forEach((input, i) => {
      if (input === from) setInput(user, i, to);
    });
  }
  graph.outputs = graph.outputs.map((output) => (output === from ? to : output));
  for (const port of outputPorts(module, graph)) if (port.value === from) port.value = to;
}

/** Takes operators out; their outputs lose their producer, their inputs the use. Values stay (see `gc`). */
export function removeOps(graph: Graph, ops: ReadonlySet<Op>): void {
  for (const op of ops) {
    for (const input of op.inputs) if (input) removeUse(input, op);
    for (const output of op.outputs) if (output) output.producer = null;
  }
  graph.ops = graph.ops.filter((op) => !ops.has(op));
}

/** Removes values from the graph's outputs and from the outputs of every signature of that graph. */
export function dropOutputs(module: Module, graph: Graph, dropped: ReadonlySet<Value>): void {
  graph.outputs = graph.outputs.filter((output) => !dropped.has(output));
  for (const signature of module.signatures ?? []) {
    if (signature.graph === graph && signature.outputs)
      signature.outputs = signature.outputs.filter(({ value }) => !dropped.has(value));
  }
}

/** Removes values from the graph's inputs and from the inputs of every signature of that graph. */
export function dropInputs(module: Module, graph: Graph, dropped: ReadonlySet<Value>): void {
  graph.inputs = graph.inputs.filter((input) => !dropped.has(input));
  for (const signature of module.signatures ?? []) {
    if (signature.graph === graph && signature.inputs)
      signature.inputs = signature.inputs.filter(({ value }) => !dropped.has(value));
  }
}

/** A name that no tensor of the graph has: `base`, or `base_1`, `base_2`, … */
export function uniqueName(graph: Graph, base: string): string {
  const taken = new Set(graph.values.map((value) => value.name));
  let name = base;
  for (let i = 1; taken.has(name); i++) name = `${base}_${i}`;
  return name;
}

function outputPorts(module: Module, graph: Graph) {
  return (module.signatures ?? []).filter((s) => s.graph === graph).flatMap((s) => s.outputs ?? []);
}

function removeUse(value: Value, op: Op): void {
  const i = value.users.indexOf(op);
  if (i >= 0) value.users.splice(i, 1);
}
