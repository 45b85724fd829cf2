/** What one loaded model does, measured from JavaScript. */
import { createEngine, type EngineOptions } from '../../lib/native.ts';
import { compile } from '../../lib/plan/index.ts';
import { Model } from '../../lib/runtime/index.ts';
import { convertMatrices, type DtypeName } from './dtypes.ts';
import { architectures, type ModelName, randomModule } from './models.ts';

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** How far repeats lie apart: what 80 % of them span, over their median. */
export const spread = (values: readonly number[]): number =>
  (percentile(values, 90) - percentile(values, 10)) / median(values);

/** The value that p % of the values do not exceed. */
export function percentile(values: readonly number[], p: number): number {
  const at = Math.ceil((p / 100) * values.length) - 1;
  return values.toSorted((a, b) => a - b)[Math.max(0, at)]!;
}

/**
 * A compiled model with random weights, to be loaded any number of times. They are bf16, as the kit's are and those of
 * most checkpoints, so that f32 matrices go into 16 bits (`narrow`).
 */
export function prepare(name: ModelName, dtype: DtypeName) {
  const module = randomModule(name);
  convertMatrices(module, dtype);
  const plan = compile(module);
  const { context, vocab } = architectures[name];
  return {
    plan,
    vocab,
    context,
    load: (
      threads: number,
      options: Pick<EngineOptions, 'kvDtype' | 'screen' | 'narrow'> = {},
    ): Promise<Model> =>
      Model.create({
        engine: createEngine({ threads, ...options }),
        plan,
        tokenizer: null,
        eosIds: [],
        contextSize: context,
      }),
  };
}

export function prompt(length: number, vocab: number): number[] {
  return Array.from({ length }, (_, i) => 3 + ((i * 37) % (vocab - 3)));
}

/** Seconds from the call to the first token behind a prompt, and from there to the last of `tokens` more. */
export async function once(
  model: Model,
  ids: number[],
  tokens: number,
): Promise<{ first: number; rest: number }> {
  const start = performance.now();
  let first = 0;
  for await (const _ of model.generate(ids, { maxTokens: tokens + 1, ignoreEos: true }))
    first ||= performance.now();
  return { first: (first - start) / 1000, rest: (performance.now() - first) / 1000 };
}

/**
 * Tokens/s of prompts (`pp`) and of decoding (`tg`) by length, one repetition of each. Decoding starts behind a
 * prompt of one token.
 */
export async function sample(
  model: Model,
  vocab: number,
  lengths: { pp: readonly number[]; tg: readonly number[] },
): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const length of lengths.pp) {
    const { first } = await once(model, prompt(length, vocab), 0);
    figures[`pp${length}`] = length / first;
  }
  for (const length of lengths.tg) {
    // The first chunk may carry several tokens: time the whole against a run of the first token alone.
    const ids = prompt(1, vocab);
    const start = performance.now();
    await model.complete(ids, { maxTokens: 1, ignoreEos: true });
    const between = performance.now();
    await model.complete(ids, { maxTokens: length + 1, ignoreEos: true });
    const rest = (performance.now() - between - (between - start)) / 1000;
    figures[`tg${length}`] = length / rest;
  }
  return figures;
}
