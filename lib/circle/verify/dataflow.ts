/**
 * Who fills and who reads each tensor of a subgraph. The schema lists operators "in execution order", and the
 * interpreters of TFLite and Circle run them so: an operator before its producer would read what was never written,
 * hence an error even where sorting could repair it.
 */
import type { CircleBuffer, Model, SubGraph, Tensor } from '../index.ts';
import { builtinCodeOf, hasEffects } from '../operator-code.ts';
import type { Report } from './findings.ts';

/** Whether a tensor is a constant. Data of no bytes means "no data", except for a tensor without elements. */
export function hasData(tensor: Pick<Tensor, 'shape'>, buffer: CircleBuffer | undefined): boolean {
  const data = buffer?.data;
  if (data === null || data === undefined) return false;
  return data.byteLength > 0 || (tensor.shape?.includes(0) ?? false);
}

export function checkDataflow(model: Model, report: Report): void {
  model.subgraphs?.forEach((subgraph, g) => {
    checkGraph(model, subgraph, `subgraphs[${g}]`, report);
  });
}

function checkGraph(model: Model, subgraph: SubGraph, path: string, report: Report): void {
  const tensors = subgraph.tensors ?? [];
  const operators = subgraph.operators ?? [];
  const isConstant = (index: number) => hasData(tensors[index]!, model.buffers?.[tensors[index]!.buffer]);
  const label = (index: number) => `'${tensors[index]!.name ?? ''}'`;
  const producers = new Int32Array(tensors.length).fill(-1);
  operators.forEach((operator, i) => {
    operator.outputs?.forEach((index, k) => {
      if (!tensors[index]) return;
      // A function: paths are made only where something is wrong.
      const where = () => `${path}.operators[${i}].outputs[${k}]`;
      if (producers[index]! >= 0)
        report(
          'TENSOR_PRODUCERS',
          where(),
          `expected one producer for tensor ${label(index)}, got operators ${producers[index]} and ${i}`,
        );
      else producers[index] = i;
      if (isConstant(index))
        report(
          'CONSTANT_WRITTEN',
          where(),
          `expected a tensor without data, got the constant ${label(index)}`,
        );
    });
    const code = model.operatorCodes?.[operator.opcodeIndex];
    if (!operator.outputs?.length && code && !hasEffects(builtinCodeOf(code)))
      report('OPERATOR_WITHOUT_OUTPUTS', `${path}.operators[${i}]`, 'expected outputs, got none');
  });

  const isInput = new Uint8Array(tensors.length);
  subgraph.inputs?.forEach((index, i) => {
    if (!tensors[index]) return;
    const where = `${path}.inputs[${i}]`;
    if (isInput[index])
      report('GRAPH_INPUT_TWICE', where, `expected each tensor once, got ${label(index)} again`);
    isInput[index] = 1;
    if (producers[index]! >= 0)
      report(
        'GRAPH_INPUT_WRITTEN',
        where,
        `expected a tensor that the caller fills, got ${label(index)}, which operator ${producers[index]} writes`,
      );
    if (isConstant(index))
      report(
        'GRAPH_INPUT_DATA',
        where,
        `expected a tensor that the caller fills, got the constant ${label(index)}`,
      );
  });

  /** Constants, inputs, variables, and tensors without elements need no producer. */
  const isFilled = (index: number) =>
    producers[index]! >= 0 ||
    isInput[index] === 1 ||
    isConstant(index) ||
    tensors[index]!.isVariable ||
    (tensors[index]!.shape?.includes(0) ?? false);
  operators.forEach((operator, i) => {
    operator.inputs?.forEach((index, k) => {
      if (tensors[index] && !isFilled(index))
        report(
          'INPUT_UNDEFINED',
          `${path}.operators[${i}].inputs[${k}]`,
          `expected a tensor with data, a producer or a place among the graph's inputs, got ${label(index)}`,
        );
    });
  });
  subgraph.outputs?.forEach((index, i) => {
    if (tensors[index] && !isFilled(index))
      report(
        'OUTPUT_PRODUCERLESS',
        `${path}.outputs[${i}]`,
        `expected a producer for ${label(index)}, got none`,
      );
  });
  checkOrder(subgraph, producers, path, label, report);
}

function checkOrder(
  subgraph: SubGraph,
  producers: Int32Array,
  path: string,
  label: (index: number) => string,
  report: Report,
): void {
  const operators = subgraph.operators ?? [];
  const early: { where: string; message: string }[] = [];
  operators.forEach((operator, i) => {
    operator.inputs?.forEach((index, k) => {
      const producer = producers[index] ?? -1;
      if (producer >= i)
        early.push({
          where: `${path}.operators[${i}].inputs[${k}]`,
          message: `expected the producer of ${label(index)} before operator ${i}, got operator ${producer}`,
        });
    });
  });
  if (early.length === 0) return;
  const circle = findCycle(subgraph, producers);
  if (circle)
    report(
      'GRAPH_CYCLE',
      `${path}.operators[${circle[0]}]`,
      `expected operators without a cycle, got ${describeCycle(circle)}`,
    );
  // Every cycle holds an operator that reads a later one: which of these are only out of order does not matter then.
  else for (const { where, message } of early) report('OPERATOR_ORDER', where, message);
}

const SHOWN = 8;

function describeCycle(circle: readonly number[]): string {
  const shown = circle.slice(0, SHOWN).join(' → ');
  return circle.length > SHOWN
    ? `${shown} → … (${circle.length} operators)`
    : `operators ${shown} → ${circle[0]}`;
}

function fromSmallest(circle: readonly number[]): number[] {
  const at = circle.indexOf(circle.reduce((least, i) => Math.min(least, i)));
  return [...circle.slice(at), ...circle.slice(0, at)];
}

/** One cycle, as operator numbers in the order of the data, or undefined. */
function findCycle(subgraph: SubGraph, producers: Int32Array): number[] | undefined {
  const operators = subgraph.operators ?? [];
  const producersOf = (i: number) =>
    Array.from(operators[i]!.inputs ?? [])
      .map((index) => producers[index] ?? -1)
      .filter((producer) => producer >= 0);
  const users: number[][] = operators.map(() => []);
  const waiting = new Int32Array(operators.length);
  operators.forEach((_, i) => {
    for (const producer of producersOf(i)) {
      users[producer]!.push(i);
      waiting[i]!++;
    }
  });
  const ready = operators.map((_, i) => i).filter((i) => waiting[i] === 0);
  for (let i = ready.pop(); i !== undefined; i = ready.pop())
    for (const user of users[i]!) if (--waiting[user]! === 0) ready.push(user);
  const start = waiting.findIndex((count) => count > 0);
  if (start < 0) return undefined;
  // Going up from an operator that waits always meets another that waits, so it comes round.
  const trail: number[] = [];
  const seen = new Map<number, number>();
  for (let at = start; ; at = producersOf(at).find((producer) => waiting[producer]! > 0)!) {
    const before = seen.get(at);
    if (before !== undefined) return fromSmallest(trail.slice(before).reverse());
    seen.set(at, trail.push(at) - 1);
  }
}
