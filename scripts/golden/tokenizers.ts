/**
 * Compares our ids of random texts with those of the original libraries: `tsx scripts/golden/tokenizers.ts MODELS
 * [--python P] [--count N] [--seed S] [--only NAME]`. MODELS is a folder of Hugging Face directories; P is a Python with
 * `tokenizers` and `sentencepiece` (in a venv outside of the tree). What differs is printed as JSON, shortest texts
 * first; exit 1 where anything does. test/golden/tokenizers.json keeps the ones that found faults.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  createTokenizer,
  readSentencePieceFile,
  readTokenizerJsonFile,
  type Segment,
  type Tokenizer,
} from '../../lib/text/index.ts';

interface Line {
  text: string;
  json: number[];
  parsed: number[];
  model: number[] | null;
}

interface Difference {
  family: string;
  kind: 'json' | 'parsed' | 'model';
  text: string;
  expected: number[];
  got: number[];
}

/** A text with its special tokens as such: what the original does with a whole text, and a template does for us. */
export function parseSpecials(text: string, names: Iterable<string>): Segment[] {
  const sorted = [...names].sort((a, b) => b.length - a.length);
  if (sorted.length === 0) return [{ text }];
  const escaped = sorted.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const parts = text.split(new RegExp(`(${escaped.join('|')})`));
  return parts.map((part, i) => (i % 2 === 1 ? { special: part } : { text: part }));
}

async function compare(
  dir: string,
  family: string,
  python: string,
  [count, seed]: [string, string],
): Promise<Difference[]> {
  const json = await readTokenizerJsonFile(join(dir, 'tokenizer.json'));
  const ours = await createTokenizer({ json });
  const modelPath = join(dir, 'tokenizer.model');
  const model = existsSync(modelPath)
    ? await createTokenizer({ json, sentencePiece: await readSentencePieceFile(modelPath) })
    : null;
  const script = fileURLToPath(new URL('ids.py', import.meta.url));
  const child = spawn(python, [script, dir, count, seed], { stdio: ['ignore', 'pipe', 'inherit'] });
  const found: Difference[] = [];
  let seen = 0;
  for await (const row of createInterface({ input: child.stdout })) {
    const line = JSON.parse(row) as Line;
    const { text } = line;
    seen++;
    const check = (kind: Difference['kind'], tokenizer: Tokenizer, input: string | Segment[]): void => {
      const expected = line[kind]!;
      const got = [...tokenizer.encode(input, { addBos: false, addEos: false })];
      if (String(got) !== String(expected)) found.push({ family, kind, text, expected, got });
    };
    check('json', ours, text);
    check('parsed', ours, parseSpecials(text, ours.specials.keys()));
    // SentencePiece makes signs of what is text for us; that is no fault of ours.
    const makesSigns = (names: Iterable<string>) => [...names].some((name) => text.includes(name));
    if (model !== null && line.model !== null && !makesSigns(model.specials.keys()))
      check('model', model, text);
  }
  const differing = (['json', 'parsed', 'model'] as const).flatMap((kind) => {
    const number = found.filter((one) => one.kind === kind).length;
    return number > 0 ? [`${kind} ${number}`] : [];
  });
  console.error(`${family}: ${seen} texts, differing: ${differing.join(', ') || 'none'}`);
  if (seen !== Number(count)) throw new Error(`${family}: expected ${count} texts, got ${seen}`);
  return found;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      python: { type: 'string', default: 'python3' },
      count: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
    },
  });
  const models = positionals[0]!;
  const names = readdirSync(models).filter((name) => values.only === undefined || name === values.only);
  const all: Difference[] = [];
  for (const name of names)
    all.push(...(await compare(join(models, name), name, values.python, [values.count, values.seed])));
  all.sort((a, b) => a.text.length - b.text.length);
  for (const difference of all.slice(0, 200)) console.log(JSON.stringify(difference));
  process.exitCode = all.length > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
