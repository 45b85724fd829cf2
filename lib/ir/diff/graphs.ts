/** One graph against another. */
import type { Graph, Op, Value } from '../graph/index.ts';
import { constantsDiffer, opName, optionsText, sourceText, typeText } from './describe.ts';
import type { Found } from './difference.ts';
import { type Mismatch, Pairing } from './pair.ts';

export interface GraphContext {
  path: string;
  /** Of the second graph, for what only that has. */
  otherPath: string;
  isSameGraph(a: Graph, b: Graph): boolean;
  ignoreNames: boolean;
  found: Found;
}

/** Ranks: inputs, then operators by number, then outputs. */
const INPUTS = -1;
const OUTPUTS = 5e8;

export function compareGraphs(a: Graph, b: Graph, context: GraphContext): void {
  const { path, otherPath, found } = context;
  const inputs = pairPorts(a, b, 'inputs', context);
  const outputs = pairPorts(a, b, 'outputs', context);
  const pairing = new Pairing(a, b, inputs, outputs);
  const [numbers, otherNumbers] = [numbering(a), numbering(b)];

  for (const [i, [x, y]] of [...inputs, ...outputs].entries()) {
    const isInput = i < inputs.length;
    const list = isInput ? a.inputs : a.outputs;
    const at = `${path}.${isInput ? 'inputs' : 'outputs'}[${list.indexOf(x)}]`;
    compareTensors(x, y, isInput ? INPUTS : OUTPUTS, at, { ...context, ignoreNames: false });
  }
  const seen = new Set<Value>([...inputs, ...outputs].map(([x]) => x));
  for (const [x, y] of pairing.ops) {
    const rank = numbers.get(x)!;
    const at = `${path}.operators[${rank}]`;
    compareOps(x, y, rank, at, context);
    x.outputs.forEach((output, i) => {
      const other = y.outputs[i];
      if (output && other && !seen.has(output))
        compareTensors(output, other, rank, `${at}.outputs[${i}]`, context);
    });
  }
  compareConstants(pairing.constants, (pair) => placeOf(pair, path, numbers), context);

  const consumed = new Set<Op>();
  for (const mismatch of pairing.mismatches) {
    const { a: x, b: y } = mismatch;
    const { rank, at } = placeOf(mismatch, path, numbers);
    const [left, right] = [x?.producer, y?.producer];
    const isChange =
      left && right && isLeft(pairing, left, right) && !consumed.has(left) && !consumed.has(right);
    if (isChange) {
      consumed.add(left);
      consumed.add(right);
      const where = `${path}.operators[${numbers.get(left)}]`;
      found(numbers.get(left)!, {
        kind: 'operators',
        path: where,
        message: changeText(left, right),
      });
    } else if (!(left && right && consumed.has(left) && consumed.has(right)))
      found(rank, {
        kind: 'connections',
        path: at,
        message: `${sourceText(x, a)} against ${sourceText(y, b)}`,
      });
  }
  for (const op of pairing.onlyA)
    if (!consumed.has(op))
      found(numbers.get(op)!, {
        kind: 'operators',
        path: `${path}.operators[${numbers.get(op)}]`,
        message: `${callText(op)} is only in the first`,
      });
  for (const op of pairing.onlyB)
    if (!consumed.has(op))
      found(otherNumbers.get(op)!, {
        kind: 'operators',
        path: `${otherPath}.operators[${otherNumbers.get(op)}]`,
        message: `${callText(op)} is only in the second`,
      });
}

/** Whether neither has found a partner. */
function isLeft(pairing: Pairing, left: Op, right: Op): boolean {
  return !pairing.ops.has(left) && !right.outputs.some((value) => value && pairing.isPaired(value));
}

function numbering(graph: Graph): Map<Op, number> {
  return new Map(graph.ops.map((op, i) => [op, i]));
}

function changeText(left: Op, right: Op): string {
  const size = ({ inputs, outputs }: Op) => ` of ${inputs.length} inputs and ${outputs.length} outputs`;
  const [a, b] = opName(left) === opName(right) ? [size(left), size(right)] : ['', ''];
  return `${callText(left)}${a} against ${callText(right)}${b}`;
}

function callText(op: Op): string {
  return `${opName(op)}${op.output ? ` '${op.output.name}'` : ''}`;
}

function placeOf(
  { reader, place }: Mismatch,
  path: string,
  numbers: ReadonlyMap<Op, number>,
): { rank: number; at: string } {
  if (reader === null) return { rank: OUTPUTS, at: `${path}.outputs[${place}]` };
  const rank = numbers.get(reader)!;
  return { rank, at: `${path}.operators[${rank}].inputs[${place}]` };
}

/** By place where there are as many; else by name, and what has no partner is a difference. */
function pairPorts(
  a: Graph,
  b: Graph,
  side: 'inputs' | 'outputs',
  { path, otherPath, found }: GraphContext,
): [Value, Value][] {
  if (a[side].length === b[side].length) return a[side].map((value, i) => [value, b[side][i]!]);
  const byName = new Map(b[side].map((value) => [value.name, value]));
  const rank = side === 'inputs' ? INPUTS : OUTPUTS;
  const pairs: [Value, Value][] = [];
  const taken = new Set<Value>();
  a[side].forEach((value, i) => {
    const other = byName.get(value.name);
    if (other && !taken.has(other)) {
      taken.add(other);
      pairs.push([value, other]);
    } else
      found(rank, {
        kind: 'interface',
        path: `${path}.${side}[${i}]`,
        message: `'${value.name}' is only in the first`,
      });
  });
  b[side].forEach((value, i) => {
    if (!taken.has(value))
      found(rank, {
        kind: 'interface',
        path: `${otherPath}.${side}[${i}]`,
        message: `'${value.name}' is only in the second`,
      });
  });
  return pairs;
}

function compareTensors(
  a: Value,
  b: Value,
  rank: number,
  path: string,
  { ignoreNames, found }: GraphContext,
): void {
  if (!ignoreNames && a.name !== b.name)
    found(rank, { kind: 'names', path, message: `'${a.name}' against '${b.name}'` });
  const [mine, theirs] = [typeText(a), typeText(b)];
  if (mine !== theirs) found(rank, { kind: 'types', path, message: `${mine} against ${theirs}` });
}

function compareOps(a: Op, b: Op, rank: number, path: string, { isSameGraph, found }: GraphContext): void {
  const [mine, theirs] = [optionsText(withoutGraphs(a)), optionsText(withoutGraphs(b))];
  if (mine !== theirs)
    found(rank, { kind: 'options', path, message: `${opName(a)}: ${mine} against ${theirs}` });
  const calls = (op: Op) => op.graphReferences.flatMap(({ graphs }) => graphs);
  const [left, right] = [calls(a), calls(b)];
  if (left.length !== right.length || !left.every((graph, i) => isSameGraph(graph, right[i]!)))
    found(rank, { kind: 'options', path, message: `${opName(a)} runs other subgraphs` });
}

/** Numbers of subgraphs mean nothing by themselves. */
function withoutGraphs(op: Op): Op {
  if (op.graphReferences.length === 0) return op;
  const copy = Object.assign(Object.create(Object.getPrototypeOf(op) as object), op) as Op;
  const attributes = { ...op.attributes };
  for (const { holder, field } of op.graphReferences)
    Object.assign(attributes, { [holder]: { ...attributes[holder], [field]: null } });
  return Object.assign(copy, { attributes });
}

function compareConstants(
  pairs: readonly Mismatch[],
  placeOfPair: (pair: Mismatch) => { rank: number; at: string },
  context: GraphContext,
): void {
  const seen = new Map<Value, Set<Value>>();
  for (const pair of pairs) {
    const [x, y] = [pair.a!, pair.b!];
    const others = seen.get(x) ?? new Set();
    if (others.has(y)) continue;
    seen.set(x, others.add(y));
    const { rank, at } = placeOfPair(pair);
    compareTensors(x, y, rank, at, context);
    const difference = constantsDiffer(x, y);
    if (difference)
      context.found(rank, {
        kind: 'constants',
        path: at,
        ...difference,
        message: `'${x.name}': ${difference.message}`,
      });
  }
}
