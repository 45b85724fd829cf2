/** Random graphs, and random changes of a module that a filter, or somebody who trains a model on, could have made. */
import {
  ActivationFunctionType,
  BuiltinOperator,
  BuiltinOptions,
  TensorType,
} from '../../lib/circle/index.ts';
import {
  addConstant,
  addValue,
  bytesOf,
  type Graph,
  insertOps,
  type Module,
  makeOp,
  type Op,
  removeOps,
  replaceUses,
  setInput,
  type Value,
} from '../../lib/ir/graph/index.ts';
import type { Random } from './mutate.ts';
import { textGraph } from './text-graph.ts';

/** Operators over f32[1,4] and a few weights, many of them alike, some of them dead; a subgraph that one of them runs. */
export function randomGraph(random: Random): Module {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const lines = ['graph main', 'input x f32[1,4]', 'input y f32[1,4]'];
  for (const seed of [1, 2, 3]) lines.push(`const w${seed} f32[4,4] = random ${seed}`);
  const names = ['x', 'y'];
  const count = 4 + Math.floor(20 * random());
  for (let i = 0; i < count; i++) {
    // Recent values more often: graphs are rather deep than wide.
    const value = () => (random() < 0.6 ? names.at(-1)! : pick(names));
    const calls = [
      () => `NEG(${value()})`,
      () => `ABS(${value()})`,
      () => `ADD(${value()}, ${value()})`,
      () => `MUL(${value()}, ${pick(['2.0', '0.5', value()])})`,
      () => `FULLY_CONNECTED(${value()}, ${pick(['w1', 'w2', 'w3'])}, -)`,
    ];
    lines.push(`v${i}: f32[1,4] = ${pick(calls)()}`);
    names.push(`v${i}`);
  }
  lines.push(`called: f32[1,4] = CALL(${names.at(-1)}) subgraph=1`, 'output called', `output ${pick(names)}`);
  lines.push('graph callee', 'input i f32[1,4]', 'o: f32[1,4] = ABS(i)', 'output o');
  return textGraph(lines.join('\n')).module;
}

/** Each edits the first graph in place; false where the graph has no place for it. */
export const mutations: Readonly<Record<string, (module: Module, random: Random) => boolean>> = {
  'an operator put in': (module, random) => {
    const [graph, op] = anyOp(module, random);
    const i = op?.inputs.findIndex((input) => input?.type === TensorType.FLOAT32 && !input.isConstant) ?? -1;
    if (!op || i < 0) return false;
    const value = addValue(module, graph, like('put.in', op.inputs[i]!));
    insertOps(graph, op, [unary(module, BuiltinOperator.NEG, op.inputs[i]!, value)]);
    setInput(op, i, value);
    return true;
  },
  'an operator taken out': (module, random) => {
    const [graph, op] = anyOp(module, random);
    const source = op?.inputs.find((input) => input && !input.isConstant);
    if (!op?.output || !source || graph.outputs.includes(op.output)) return false;
    replaceUses(module, graph, op.output, source);
    removeOps(graph, new Set([op]));
    return true;
  },
  'a dead operator': (module, random) => {
    const [graph, op] = anyOp(module, random);
    if (!op?.output) return false;
    const value = addValue(module, graph, like('dead', op.output));
    graph.ops.push(unary(module, BuiltinOperator.ABS, op.output, value));
    return true;
  },
  'an operator read from another place': (module, random) => {
    const [graph, op] = anyOp(module, random);
    if (!op || op.inputs.length === 0) return false;
    const i = Math.floor(random() * op.inputs.length);
    const before = graph.ops
      .slice(0, graph.ops.indexOf(op))
      .flatMap(({ output }) => (output ? [output] : []));
    const others = [...graph.inputs, ...before].filter(
      (value) => value !== op.inputs[i] && value.type === op.inputs[i]?.type,
    );
    const other = others[Math.floor(random() * others.length)];
    if (!other || op.inputs[i]?.isConstant) return false;
    setInput(op, i, other);
    return true;
  },
  'two inputs exchanged': (module, random) => {
    const [, op] = anyOp(module, random, ({ inputs }) => inputs.length === 2 && inputs[0] !== inputs[1]);
    if (!op) return false;
    const [left, right] = op.inputs;
    setInput(op, 0, right!);
    setInput(op, 1, left!);
    return true;
  },
  'another option': (module, random) => {
    const [, op] = anyOp(
      module,
      random,
      ({ attributes }) => 'fusedActivationFunction' in (attributes.builtinOptions ?? {}),
    );
    if (!op) return false;
    const options = op.attributes.builtinOptions as { fusedActivationFunction: number };
    const { NONE, RELU } = ActivationFunctionType;
    op.attributes.builtinOptions = {
      ...options,
      fusedActivationFunction: options.fusedActivationFunction === NONE ? RELU : NONE,
    } as Op['attributes']['builtinOptions'];
    return true;
  },
  'another constant': (module, random) => {
    const [graph, op] = anyOp(module, random, ({ inputs }) => inputs.some((input) => input?.isConstant));
    const i = op?.inputs.findIndex((input) => input?.isConstant) ?? -1;
    if (!op || i < 0) return false;
    const bytes = Uint8Array.from(bytesOf(op.inputs[i])!);
    bytes[Math.floor(random() * bytes.length)]! ^= 1;
    setInput(op, i, addConstant(module, graph, { ...like('other', op.inputs[i]!), bytes }));
    return true;
  },
  'another type': (module, random) => {
    const [graph] = anyOp(module, random);
    const values: Value[] = [...graph.inputs, ...graph.ops.flatMap(({ output }) => (output ? [output] : []))];
    const value = values[Math.floor(random() * values.length)]!;
    value.shape = [...value.shape, 1];
    return true;
  },
};

const like = (name: string, { type, shape }: Value) => ({ name, type, shape });

function unary(module: Module, code: BuiltinOperator, input: Value, output: Value): Op {
  const type = code === BuiltinOperator.NEG ? BuiltinOptions.NegOptions : BuiltinOptions.AbsOptions;
  return makeOp(module, code, [input], [output], { type, value: {} });
}

function anyOp(
  module: Module,
  random: Random,
  isIn: (op: Op) => boolean = () => true,
): [Graph, Op | undefined] {
  const graph = module.graphs[0]!;
  const ops = graph.ops.filter(isIn);
  return [graph, ops[Math.floor(random() * ops.length)]];
}
