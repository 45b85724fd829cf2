/** The reference interpreter on the reference exporter's graphs against transformers' numbers. */
import assert from 'node:assert/strict';
import { evaluate, type Tensor } from '../../lib/ir/evaluate/index.ts';
import type { Graph, Value } from '../../lib/ir/graph/index.ts';
import { inputRoles } from '../../lib/ir/graph/index.ts';
import { transposeRows } from '../support/flow.ts';
import {
  type GoldenPrompt,
  golden,
  goldenFloats,
  goldenGraph,
  goldenPrompts,
  needShared,
  relativeError,
  tensorFor,
} from '../support/goldens.ts';
import { apply } from '../support/passes.ts';

const LENGTH = 32;
const TOLERANCE = 1e-4;

/** Prompts that a prefill graph of 32 takes. */
function shortPrompts(model: string): GoldenPrompt[] {
  const prompts = goldenPrompts(model).filter(({ n_prompt }) => n_prompt < LENGTH);
  assert.ok(prompts.length >= 5, `${prompts.length} prompts`);
  return prompts;
}

function padded(ids: readonly number[]): number[] {
  return [...ids, ...new Array<number>(LENGTH - ids.length).fill(2)];
}

/** [1, heads, 32, width] cut to its first rows: [heads, rows, width]. */
function firstRows({ data, shape }: Tensor, rows: number): number[] {
  const [, heads, all, width] = shape as [number, number, number, number];
  const floats = data as Float32Array;
  return Array.from({ length: heads }, (_, h) => [
    ...floats.subarray(h * all * width, (h * all + rows) * width),
  ]).flat();
}

/** Last logits of one decode step after the first 30 ids of the prompt of 31, its caches as transformers has them. */
function decodeLogits(graph: Graph, model: string, prompt: GoldenPrompt, rowsFirst: boolean): Float32Array {
  const { tokens, position, caches } = inputRoles(graph);
  const past = 30;
  const [layers, heads, rows, width] = prompt.files.k_cache!.shape as [number, number, number, number];
  const size = heads * rows * width;
  const all = ['k_cache', 'v_cache'].flatMap((name) => {
    const floats = goldenFloats(model, prompt.files[name]!.file);
    return Array.from({ length: layers }, (_, layer) => floats.subarray(layer * size, (layer + 1) * size));
  });
  assert.equal(all.length, caches.length);
  const inputs = new Map<Value, Tensor>([
    [tokens!, tensorFor(tokens!, [prompt.prompt_ids[past]!])],
    [position!, tensorFor(position!, [past])],
    ...caches.map((cache, i) => {
      const cut = firstRows({ type: 0, shape: [1, heads, rows, width], data: all[i]! }, past);
      const numbers = rowsFirst ? transposeRows(cut, heads, past, width, LENGTH) : cut;
      return [cache, tensorFor(cache, numbers)] as const;
    }),
  ]);
  return evaluate(graph, inputs, { outputs: [graph.outputs[0]!] }).get(graph.outputs[0]!)!
    .data as Float32Array;
}

describe('golden: the reference interpreter against transformers', () => {
  before(needShared);

  for (const model of ['probe', 'stories260K']) {
    it(`prefill of ${model}: all logits, keys and values of every short prompt`, () => {
      const graph = goldenGraph(`${model}/prefill.circle`);
      const ids = inputRoles(graph).tokens!;
      const layers = (graph.outputs.length - 1) / 2;
      for (const prompt of shortPrompts(model)) {
        const results = evaluate(graph, new Map([[ids, tensorFor(ids, padded(prompt.prompt_ids))]]));
        const [logits, ...caches] = graph.outputs.map((output) => results.get(output)!);
        const want = goldenFloats(model, prompt.files.logits_all!.file);
        const rows = (logits!.data as Float32Array).subarray(0, want.length);
        assert.equal(want.length, prompt.n_prompt * logits!.shape.at(-1)!);
        assert.ok(relativeError(rows, want) < TOLERANCE, `${prompt.name}: ${relativeError(rows, want)}`);
        for (const [name, tensors] of [
          ['k_cache', caches.slice(0, layers)],
          ['v_cache', caches.slice(layers)],
        ] as const) {
          const got = tensors.flatMap((tensor) => firstRows(tensor, prompt.n_prompt));
          const error = relativeError(got, goldenFloats(model, prompt.files[name]!.file));
          assert.ok(error < TOLERANCE, `${prompt.name} ${name}: ${error}`);
        }
      }
    });

    it(`decode_ of ${model} at cache_position 30, open and fused`, () => {
      const prompt = goldenPrompts(model).find(({ n_prompt }) => n_prompt === 31)!;
      const want = goldenFloats(model, prompt.files.logits_last!.file);
      const open = decodeLogits(goldenGraph(`${model}/decode_.circle`), model, prompt, false);
      assert.ok(relativeError(open, want) < TOLERANCE, `open: ${relativeError(open, want)}`);
      const module = golden(`${model}/decode_.circle`);
      const [kv, , width] = inputRoles(module.graphs[0]!).caches[0]!.shape.slice(1);
      apply(module, 'fuse.attention');
      apply(module, 'reshape.io', 'input', '--by_shape', `[1,${kv},30,${width}]`, `[1,${kv},32,${width}]`);
      apply(module, 'transpose.io.kvcache');
      const fused = decodeLogits(module.graphs[0]!, model, prompt, true);
      assert.ok(relativeError(fused, want) < TOLERANCE, `fused: ${relativeError(fused, want)}`);
      assert.ok(relativeError(fused, open) < 1e-5, `fused against open: ${relativeError(fused, open)}`);
    });
  }

  it('newer exporter: the same numbers from folded norms', () => {
    const prompt = shortPrompts('probe').find(({ n_prompt }) => n_prompt === 20)!;
    const graph = goldenGraph('probe-newer/prefill.circle');
    const ids = inputRoles(graph).tokens!;
    const [logits] = graph.outputs;
    const results = evaluate(graph, new Map([[ids, tensorFor(ids, padded(prompt.prompt_ids))]]), {
      outputs: [logits!],
    });
    const want = goldenFloats('probe', prompt.files.logits_all!.file);
    const rows = (results.get(logits!)!.data as Float32Array).subarray(0, want.length);
    assert.ok(relativeError(rows, want) < TOLERANCE, `${relativeError(rows, want)}`);
  });

  it('f64 and f32 differ by rounding only', () => {
    const graph = goldenGraph('stories260K/prefill.circle');
    const ids = inputRoles(graph).tokens!;
    const prompt = shortPrompts('stories260K').at(-1)!;
    const inputs = new Map([[ids, tensorFor(ids, padded(prompt.prompt_ids))]]);
    const [a, b] = (['f32', 'f64'] as const).map(
      (precision) => evaluate(graph, inputs, { precision }).get(graph.outputs[0]!)!.data as Float32Array,
    );
    assert.ok(relativeError(a!, b!) < 1e-5);
    assert.ok(relativeError(a!, b!) > 0);
  });
});
