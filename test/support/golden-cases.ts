/** The reference data's generations in one form: prompt, greedy ids, and logits at positions of prompt ++ ids. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sharedDir } from './shared.ts';

export interface NumericCase {
  name: string;
  prompt: number[];
  greedy: number[];
  /** [positions, vocabulary] each. */
  logits: { what: string; positions: number[]; expected: Float32Array }[];
}

interface NumericPrompt {
  name: string;
  prompt_ids: number[];
  greedy_ids: number[];
  files: Record<string, { file: string; shape: number[] }>;
}

interface LilyPrompt {
  text: string;
  prompt_ids: number[];
  greedy_ids: number[];
  logits_last: string;
}

/** golden/numeric/<model>: lily, probe, stories260K. */
export function numericCases(model: string): NumericCase[] {
  const dir = join(sharedDir()!, 'golden/numeric', model);
  const { prompts, cases } = readJson(dir) as { prompts?: NumericPrompt[]; cases?: LilyPrompt[] };
  const ofLily = (cases ?? []).map(({ text, prompt_ids, greedy_ids, logits_last }) => ({
    name: text,
    prompt: prompt_ids,
    greedy: greedy_ids,
    logits: [{ what: 'last', positions: [prompt_ids.length - 1], expected: readFloats(dir, logits_last) }],
  }));
  const others = (prompts ?? []).map(({ name, prompt_ids, greedy_ids, files }) => {
    const last = prompt_ids.length - 1;
    const starts: [string, number][] = [
      ['logits_all', 0],
      ['logits_last', last],
      ['step_logits', last],
    ];
    const logits = starts.flatMap(([what, first]) => {
      const file = files[what];
      if (!file) return [];
      const rows = file.shape.length === 1 ? 1 : file.shape[0]!;
      const positions = Array.from({ length: rows }, (_, i) => first + i);
      return [{ what, positions, expected: readFloats(dir, file.file) }];
    });
    return { name, prompt: prompt_ids, greedy: greedy_ids, logits };
  });
  return [...ofLily, ...others];
}

/** The models of families/models that the exporter knows. */
export const goldenFamilies = [
  ...['llama-gqa', 'llama3-rope', 'llama3-rope-old', 'llama-linear-rope', 'llama-yarn', 'mistral'],
  ...['qwen2', 'qwen3', 'smollm3', 'phi3', 'olmo2', 'gemma3-text', 'granite'],
];

interface FamilyPrompt {
  name: string;
  ids: number[];
  greedy: number[];
  first: string;
  positions: number[];
  logits: string;
}

/** families/golden/<name>. */
export function familyCases(name: string): NumericCase[] {
  const dir = join(sharedDir()!, 'families/golden', name);
  return (readJson(dir) as { prompts: FamilyPrompt[] }).prompts.map((prompt) => ({
    name: prompt.name,
    prompt: prompt.ids,
    greedy: prompt.greedy,
    logits: [
      { what: 'first', positions: [prompt.ids.length - 1], expected: readFloats(dir, prompt.first) },
      { what: 'positions', positions: prompt.positions, expected: readFloats(dir, prompt.logits) },
    ],
  }));
}

function readJson(dir: string): unknown {
  return JSON.parse(readFileSync(join(dir, 'prompts.json'), 'utf8'));
}

function readFloats(dir: string, file: string): Float32Array {
  return new Float32Array(Uint8Array.from(readFileSync(join(dir, file))).buffer);
}
