/** The reference data's Circle files and numbers. Every test that loops over them asserts that there are some. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { type Model, readModel, TensorType } from '../../lib/circle/index.ts';
import type { Tensor } from '../../lib/ir/evaluate/index.ts';
import type { Graph, Module, Value } from '../../lib/ir/graph/index.ts';
import { lift } from '../../lib/ir/graph/index.ts';
import { needSharedDir } from './need.ts';
import { sharedDir } from './shared.ts';

function goldenDir(): string {
  const dir = sharedDir();
  if (!dir) throw new Error('the shared reference data is absent');
  return join(dir, 'golden');
}

/** Every Circle file of the reference data, as `probe/steps/2.reshape.io.circle`. */
export function goldenFiles(): string[] {
  const dir = goldenDir();
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.circle'))
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

export function goldenBytes(name: string): Uint8Array {
  return readFileSync(join(goldenDir(), name));
}

export function goldenModel(name: string): Model {
  return readModel(goldenBytes(name), name);
}

export function golden(name: string): Module {
  return lift(goldenModel(name));
}

/** The only graph of a golden file, or the one of a signature. */
export function goldenGraph(name: string, signature?: string): Graph {
  const module = golden(name);
  const found = signature ? module.signatures?.find(({ key }) => key === signature)?.graph : module.graphs[0];
  if (!found) throw new Error(`${name} has no graph ${signature ?? 0}`);
  return found;
}

export interface GoldenPrompt {
  name: string;
  prompt_ids: number[];
  n_prompt: number;
  greedy_ids: number[];
  files: Record<string, { file: string; shape: number[] }>;
}

export interface Flow {
  prompt_ids: number[];
  prefill_input: number[];
  generated: number[];
  files: Record<string, { file: string; shape: number[] }>;
}

/** golden/numeric/<model>: what transformers computes. */
export function goldenPrompts(model: string): GoldenPrompt[] {
  return (readJson(model, 'prompts.json') as { prompts: GoldenPrompt[] }).prompts;
}

/** golden/numeric/<model>/flow: prefill, caches and decode steps through the reference's model.circle. */
export function goldenFlow(model: string): Flow {
  return readJson(model, 'flow/flow.json') as Flow;
}

export function goldenFloats(model: string, file: string): Float32Array {
  const bytes = readFileSync(join(goldenDir(), 'numeric', model, file));
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

function readJson(model: string, file: string): unknown {
  return JSON.parse(readFileSync(join(goldenDir(), 'numeric', model, file), 'utf8'));
}

/** The graph input whose name ends so. */
export function inputNamed(graph: Graph, end: string): Value {
  const found = graph.inputs.find(({ name }) => name.endsWith(end));
  if (!found) throw new Error(`no input …${end} among ${graph.inputs.map(({ name }) => name).join(', ')}`);
  return found;
}

/** A tensor for an input, from plain numbers. */
export function tensorFor(value: Value, numbers: ArrayLike<number>): Tensor {
  const { type, shape } = value;
  if (type === TensorType.INT64)
    return { type, shape, data: BigInt64Array.from(Array.from(numbers), BigInt) };
  if (type === TensorType.INT32) return { type, shape, data: Int32Array.from(numbers) };
  return { type, shape, data: Float32Array.from(numbers) };
}

/** max |a − b| / max |b| */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || b.length === 0) throw new Error(`${a.length} numbers against ${b.length}`);
  let [difference, scale] = [0, 0];
  for (let i = 0; i < b.length; i++) {
    difference = Math.max(difference, Math.abs(a[i]! - b[i]!));
    scale = Math.max(scale, Math.abs(b[i]!));
  }
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / (scale || 1);
}

/** For `before`: without the shared reference data the tests of a block are skipped. */
export function needShared(this: Mocha.Context): void {
  needSharedDir(this);
}
