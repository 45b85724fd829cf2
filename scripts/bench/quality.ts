/**
 * What narrower weights cost: `tsx scripts/bench/quality.ts [--tokens 4096]`. Perplexity on held-out stories, and the
 * Kullback-Leibler divergence of each next-token distribution from that of the f32 model, on the native engine, as a
 * service would run it. q8_0 and q4_0 multiply activations that are rounded to int8 in blocks of 32 ("a8"), as
 * llama.cpp does. Writes .bench/quality.json.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isa } from '../../lib/native.ts';
import { packModel } from '../../lib/package/demo.ts';
import { quantizeModule } from '../../lib/passes/quantize.ts';
import { compile } from '../../lib/plan/index.ts';
import { loadSentencePiece } from '../../lib/text/index.ts';
import { NativeRun } from '../../test/support/native-run.ts';
import { sharedDir } from '../../test/support/shared.ts';
import { type DtypeName, dtypes } from './dtypes.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));
/** Tokens that one story may have: what the models were trained for. */
const longest = 256;

/** log of the softmax of one row of logits, in place of them, in float64. */
function logSoftmax(logits: Float32Array): Float64Array {
  let top = Number.NEGATIVE_INFINITY;
  for (const x of logits) top = Math.max(top, x);
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - top);
  const shift = top + Math.log(sum);
  return Float64Array.from(logits, (x) => x - shift);
}

interface Quality {
  perplexity: number;
  /** Mean over positions of Σ p·log(p / q), in nats; p: f32. */
  divergence: number;
  /** Share of positions with the same most likely token. */
  agreement: number;
}

async function logitsOf(
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

function compare(stories: readonly number[][], exact: Float32Array[], made: Float32Array[]): Quality {
  let [positions, loss, divergence, same] = [0, 0, 0, 0];
  const argmax = (row: Float64Array) => row.reduce((best, x, i) => (x > row[best]! ? i : best), 0);
  stories.forEach((ids, s) => {
    const vocab = exact[s]!.length / ids.length;
    for (let i = 0; i + 1 < ids.length; i++) {
      const [p, q] = [exact[s]!, made[s]!].map((rows) =>
        logSoftmax(rows.subarray(i * vocab, (i + 1) * vocab)),
      ) as [Float64Array, Float64Array];
      loss -= q[ids[i + 1]!]!;
      for (let j = 0; j < vocab; j++) divergence += Math.exp(p[j]!) * (p[j]! - q[j]!);
      if (argmax(p) === argmax(q)) same++;
      positions++;
    }
  });
  return {
    perplexity: Math.exp(loss / positions),
    divergence: divergence / positions,
    agreement: same / positions,
  };
}

const { values } = parseArgs({ options: { tokens: { type: 'string', default: '4096' } } });
const shared = sharedDir();
if (shared === null) throw new Error('expected the reference data, with models/lily/heldout.txt');
const text = readFileSync(path.join(shared, 'models/lily/heldout.txt'), 'utf8');
const results: Record<string, unknown> = { isa: isa() };
for (const [name, dir] of [
  ['lily', path.join(root, 'models/lily')],
  ['stories260K', path.join(shared, 'models/stories260K')],
] as const) {
  const tokenizer = await loadSentencePiece(path.join(dir, 'tokenizer.model'));
  const stories: number[][] = [];
  let tokens = 0;
  for (const story of text.split('\n').filter((line) => line.trim() !== '')) {
    if (tokens >= Number(values.tokens)) break;
    const ids = [...tokenizer.encode(story, { addBos: true })].slice(0, longest);
    stories.push(ids);
    tokens += ids.length;
  }
  const exact = await logitsOf(dir, 'f32', stories);
  const rows: Record<string, Record<string, number>> = {};
  for (const dtype of dtypes) {
    const made = dtype === 'f32' ? exact : await logitsOf(dir, dtype, stories);
    const { perplexity, divergence, agreement } = compare(stories, exact, made);
    rows[dtype] = {
      perplexity: Number(perplexity.toFixed(4)),
      'KL from f32, nats': Number(divergence.toPrecision(3)),
      'same token, %': Number((100 * agreement).toFixed(2)),
    };
  }
  console.log(`\n${name}: ${stories.length} stories, ${tokens} tokens`);
  console.table(rows);
  results[name] = rows;
}
mkdirSync(path.join(root, '.bench'), { recursive: true });
writeFileSync(path.join(root, '.bench/quality.json'), `${JSON.stringify(results, null, 1)}\n`);
