/** A model over the fake engine with the demo's tokenizer, which tells a story after a prompt of four ids. */
import { GgmaError } from '../../lib/errors.ts';
import { type GenerationChunk, Model, type ModelParts } from '../../lib/runtime/index.ts';
import { loadSentencePiece } from '../../lib/text/index.ts';
import { FakeEngine, type FakeProgram, fakePlan, type NextToken, scripted } from './fake-engine.ts';
import { lilyTokenizerPath } from './lily.ts';

export const tokenizer = await loadSentencePiece(lilyTokenizerPath);
export const prompt = [1, 477, 747, 360];
/** "She liked the flower…" */
export const story = [308, 365, 265, 680, 376, 867, 962, 399, 408, 303, 972, 301, 763, 261, 559, 680];

/** The text of ids that follow others: what the text of both together has beyond that of the first. */
export function continuation(ids: readonly number[], after: readonly number[] = prompt): string {
  const before = tokenizer.decode(after);
  const whole = tokenizer.decode([...after, ...ids]);
  if (!whole.startsWith(before)) throw new Error(`${whole} does not continue ${before}`);
  return whole.slice(before.length);
}

interface Setup {
  next?: NextToken;
  tokenMs?: number;
  withTokenizer?: boolean;
  vocabSize?: number;
}

export async function open({
  next,
  tokenMs = 0,
  withTokenizer = true,
  vocabSize = 1024,
  ...parts
}: Setup & Partial<ModelParts> = {}): Promise<{ model: Model; engine: FakeEngine; program: FakeProgram }> {
  const engine = new FakeEngine(next ?? scripted(prompt.length, [...story, 2]), tokenMs);
  const model = await Model.create({
    engine,
    plan: fakePlan({ tables: [4, 4], vocabSize }),
    tokenizer: withTokenizer ? tokenizer : null,
    eosIds: [2],
    contextSize: 2048,
    ...parts,
  });
  return { model, engine, program: engine.program! };
}

export async function read(chunks: AsyncIterable<GenerationChunk>): Promise<{ text: string; ids: number[] }> {
  const all = { text: '', ids: [] as number[] };
  for await (const { text, ids } of chunks) {
    all.text += text;
    all.ids.push(...ids);
  }
  return all;
}

/** For assert.throws and assert.rejects. */
export function code(expected: string, pattern = /./): (error: unknown) => boolean {
  return (error) => error instanceof GgmaError && error.code === expected && pattern.test(error.message);
}
