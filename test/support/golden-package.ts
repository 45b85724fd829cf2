/** GGMA packages put together from the reference data: the reference tools' model.circle, the model's own files. */
import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface GoldenPrompt {
  text: string | null;
  ids: number[];
  /** 128 ids, nothing stops them. */
  greedy: number[];
}

/** Writes the package of `probe` (no tokenizer) or `stories260K` to `dir`. */
export async function writeGoldenPackage(
  shared: string,
  name: 'probe' | 'stories260K',
  dir: string,
): Promise<string> {
  await mkdir(dir, { recursive: true });
  await copyFile(join(shared, 'golden', name, 'model.circle'), join(dir, 'model.circle'));
  const files = ['config.json', 'generation_config.json'].concat(
    name === 'stories260K' ? ['tokenizer.model'] : [],
  );
  for (const file of files) await copyFile(join(shared, 'models', name, file), join(dir, file));
  return dir;
}

export async function goldenPrompts(shared: string, name: 'probe' | 'stories260K'): Promise<GoldenPrompt[]> {
  const file = await readFile(join(shared, 'golden', 'numeric', name, 'prompts.json'), 'utf8');
  const { prompts } = JSON.parse(file) as {
    prompts: { text?: string | null; prompt_ids: number[]; greedy_ids: number[] }[];
  };
  return prompts.map(({ text = null, prompt_ids, greedy_ids }) => ({
    text,
    ids: prompt_ids,
    greedy: greedy_ids,
  }));
}
