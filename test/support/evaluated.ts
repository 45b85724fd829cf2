/** Operators of a graph in text, evaluated. */
import assert from 'node:assert/strict';
import { evaluate, type Tensor } from '../../lib/ir/evaluate/index.ts';
import { tensorFor } from './goldens.ts';
import { textGraph } from './text-graph.ts';

/** Evaluates a graph without inputs, or with the given ones: its outputs, in order. */
export function run(
  text: string,
  inputs: Record<string, ArrayLike<number>> = {},
  precision: 'f32' | 'f64' = 'f32',
) {
  const { graph, value } = textGraph(text);
  const tensors = new Map(
    Object.entries(inputs).map(([name, list]) => [value(name), tensorFor(value(name), list)]),
  );
  const results = evaluate(graph, tensors, { precision });
  return graph.outputs.map((output) => results.get(output)!);
}

/** Elements as numbers, whatever the type. */
export function numbersOf(tensor: Tensor | undefined): number[] {
  return Array.from(tensor!.data as ArrayLike<number | bigint>, Number);
}

/** One operator: its line, and what it must give. */
export function gives(text: string, shape: number[], numbers: number[], tolerance = 1e-6): void {
  const lines = text.trim().split('\n');
  const name = /^\s*(\w+)/.exec(lines.at(-1)!)![1]!;
  const [result] = run(`${text}\noutput ${name}`);
  assert.deepEqual([...result!.shape], shape);
  const got = numbersOf(result);
  assert.equal(got.length, numbers.length);
  got.forEach((x, i) => {
    assert.ok(
      Math.abs(x - numbers[i]!) <= tolerance,
      `element ${i}: expected ${numbers[i]}, got ${x} in ${text}`,
    );
  });
}
