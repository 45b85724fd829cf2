/** Cases in the form of sampling.json, for the sampler and for the same chain written plainly. */
import { createSampler, type Sampler, type SamplerOptions } from '../../lib/native.ts';

export interface SamplingCase {
  vocab_size: number;
  params: {
    temperature?: number | undefined;
    top_k?: number | undefined;
    top_p?: number | undefined;
    min_p?: number | undefined;
    repetition_penalty?: number | undefined;
    presence_penalty?: number | undefined;
    frequency_penalty?: number | undefined;
    logit_bias?: Record<string, number> | undefined;
  };
  prompt_ids: number[];
  generated_ids: number[];
  /** null: −Infinity */
  logits: (number | null)[];
}

export function samplerOf({ vocab_size, params, prompt_ids, generated_ids }: SamplingCase): Sampler {
  const bias = Object.entries(params.logit_bias ?? {});
  const options: Record<keyof SamplerOptions, unknown> = {
    temperature: params.temperature,
    topK: params.top_k,
    topP: params.top_p,
    minP: params.min_p,
    repeatPenalty: params.repetition_penalty,
    presencePenalty: params.presence_penalty,
    frequencyPenalty: params.frequency_penalty,
    biasIds: Int32Array.from(bias, ([id]) => Number(id)),
    biasValues: Float32Array.from(bias, ([, value]) => value),
    seed: 0,
    promptIds: Int32Array.from(prompt_ids),
    generatedIds: Int32Array.from(generated_ids),
  };
  return createSampler(vocab_size, options as SamplerOptions);
}

/** The stages of families/README.md in doubles, whole sorts and all. */
export function plainProbabilities({ params, prompt_ids, generated_ids, logits }: SamplingCase): number[] {
  const l = logits.map((x) => x ?? -Infinity);
  for (const [id, bias] of Object.entries(params.logit_bias ?? {})) l[Number(id)]! += bias;
  const r = params.repetition_penalty ?? 1;
  for (const id of new Set([...prompt_ids, ...generated_ids])) l[id] = l[id]! < 0 ? l[id]! * r : l[id]! / r;
  for (const id of new Set(generated_ids)) {
    const times = generated_ids.filter((one) => one === id).length;
    l[id]! -= times * (params.frequency_penalty ?? 0) + (params.presence_penalty ?? 0);
  }
  const scores = l.map((x) => x / (params.temperature ?? 1));
  let left = scores.map((_, id) => id).filter((id) => scores[id]! > -Infinity);
  const descending = () => [...left].sort((a, b) => scores[b]! - scores[a]! || a - b);
  const softmax = () => {
    const top = Math.max(...left.map((id) => scores[id]!));
    const terms = new Map(left.map((id) => [id, Math.exp(scores[id]! - top)]));
    const sum = [...terms.values()].reduce((a, b) => a + b, 0);
    return new Map([...terms].map(([id, term]) => [id, term / sum]));
  };
  const { top_k = 0, top_p = 1, min_p = 0 } = params;
  if (top_k > 0 && top_k < left.length) {
    const least = scores[descending()[top_k - 1]!]!;
    left = left.filter((id) => scores[id]! >= least);
  }
  if (top_p < 1) {
    const probabilities = softmax();
    let before = 0;
    left = descending().filter((id, i) => {
      const stays = i === 0 || before < top_p;
      before += probabilities.get(id)!;
      return stays;
    });
  }
  if (min_p > 0) {
    const probabilities = softmax();
    const top = Math.max(...probabilities.values());
    left = left.filter((id) => probabilities.get(id)! >= min_p * top);
  }
  const probabilities = softmax();
  return scores.map((_, id) => probabilities.get(id) ?? 0);
}
