/** The registry of families. A new family is a file in this folder and a line here. */
import type { Family } from './family.ts';
import { gemma3 } from './gemma3.ts';
import { granite } from './granite.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { olmo2 } from './olmo2.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { smollm3 } from './smollm3.ts';

export { type Family, type Part, plainRecipe, type Recipe } from './family.ts';

export const families: readonly Family[] = [
  llama,
  mistral,
  qwen2,
  qwen3,
  smollm3,
  phi3,
  olmo2,
  gemma3,
  granite,
];
