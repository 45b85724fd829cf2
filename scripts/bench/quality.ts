/**
 * What narrower weights cost: `tsx scripts/bench/quality.ts [PEERS_DIR] [--tokens 4096] [--dtypes f32,q8_0]`. Perplexity
 * on held-out stories, and the Kullback-Leibler divergence of each next-token distribution from that of the f32 model,
 * on the native engine, as a service would run it. q8_0 and q4_0 multiply activations that are rounded to int8 in
 * blocks of 32 ("a8"), as llama.cpp does. With PEERS_DIR llama.cpp on the same ids beside it (goal: at most 1 % worse).
 * Writes .bench/quality.json.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { packModel } from '../../lib/make/index.ts';
import { quantizeModule } from '../../lib/passes/index.ts';
import { compile } from '../../lib/plan/index.ts';
import { loadSentencePiece } from '../../lib/text/index.ts';
import { NativeRun } from '../support/native-run.ts';
import { sharedDir } from '../support/shared.ts';
import { beside, compare } from './distance.ts';
import { type DtypeName, dtypes, int8Form } from './dtypes.ts';
import { buildLlamaLogits, llamaLogits, makeGguf } from './llama-logits.ts';
import { count, dtypesOf, optionsOf } from './options.ts';
import { type Row, report, root } from './results.ts';

/** Tokens that one story may have: what the models were trained for. */
const longest = 256;

const options = optionsOf({ tokens: count('4096'), dtypes: dtypesOf(dtypes.join(',')) }, 'optional');

/** [tokens, vocabulary] for each story. */
async function ourLogits(
  dir: string,
  dtype: DtypeName,
  stories: readonly number[][],
): Promise<Float32Array[]> {
  const module = packModel(dir);
  if (dtype !== 'f32') quantizeModule(module, { dtype, keep: [] });
  const run = await NativeRun.open(compile(module));
  try {
    const all: Float32Array[] = [];
    for (const ids of stories) all.push(await run.logits(ids));
    return all;
  } finally {
    await run.close();
  }
}

/** Stories of the held-out text in the model's own tokens. */
async function storiesFor(dir: string): Promise<number[][]> {
  const text = readFileSync(path.join(root, 'models/lily/heldout.txt'), 'utf8');
  const tokenizer = await loadSentencePiece(path.join(dir, 'tokenizer.model'));
  const stories: number[][] = [];
  let tokens = 0;
  for (const story of text.split('\n').filter((line) => line.trim() !== '')) {
    if (tokens >= options.tokens) break;
    const ids = [...tokenizer.encode(story, { addBos: true })].slice(0, longest);
    stories.push(ids);
    tokens += ids.length;
  }
  return stories;
}

async function measure(name: string, dir: string, scratch: string): Promise<Row[]> {
  const stories = await storiesFor(dir);
  const exact = await ourLogits(dir, 'f32', stories);
  const vocab = exact[0]!.length / stories[0]!.length;
  const perplexity = compare(stories, exact, exact).perplexity;
  const program = options.kit === null ? null : buildLlamaLogits(options.kit, scratch);
  const rows: Row[] = [];
  for (const dtype of options.dtypes) {
    const ours = compare(stories, exact, dtype === 'f32' ? exact : await ourLogits(dir, dtype, stories));
    const row: Row = {
      ...{ model: name, dtype, activations: int8Form(dtype) },
      perplexity: Number(ours.perplexity.toFixed(5)),
      'KL from f32, nats': Number(ours.divergence.toPrecision(4)),
      'same token, %': Number((100 * ours.agreement).toFixed(2)),
    };
    if (options.kit !== null && program !== null) {
      const gguf = makeGguf(options.kit, dir, scratch, name, dtype);
      const theirs = compare(stories, exact, llamaLogits(program, gguf, stories, vocab));
      const { excessRatio, divergenceRatio, perplexityRatio, within } = beside(ours, theirs, perplexity);
      row['llama.cpp perplexity'] = Number(theirs.perplexity.toFixed(5));
      row['llama.cpp KL'] = Number(theirs.divergence.toPrecision(4));
      row['perplexity ratio'] = Number(perplexityRatio.toFixed(5));
      row['ratio above f32'] = excessRatio === null ? null : Number(excessRatio.toFixed(2));
      row['KL ratio'] = divergenceRatio === null ? null : Number(divergenceRatio.toFixed(3));
      row['within 1 %'] = within ? 'yes' : 'no';
    }
    rows.push(row);
  }
  const tokens = stories.reduce((n, ids) => n + ids.length, 0);
  console.error(`${name}: ${stories.length} stories, ${tokens} tokens`);
  return rows;
}

const models: [name: string, dir: string][] = [['lily', path.join(root, 'models/lily')]];
const shared = sharedDir();
if (shared !== null) models.push(['stories260K', path.join(shared, 'models/stories260K')]);
else console.error('the reference data is absent: stories260K is left out');
const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-bench-'));
try {
  const rows: Row[] = [];
  for (const [name, dir] of models) rows.push(...(await measure(name, dir, scratch)));
  report('quality', 'perplexity on held-out stories', rows);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
