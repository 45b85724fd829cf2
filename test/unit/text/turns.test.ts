import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Tokenizer as Library } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { gpt2Pattern } from '../../../lib/text/byte-level.ts';
import { patternCuts, splittingPatterns } from '../../../lib/text/cuts.ts';
import { tokenizerJsonParts } from '../../../lib/text/huggingface.ts';
import {
  createTokenizer,
  loadSentencePiece,
  loadTokenizerJson,
  readSentencePieceFile,
  readTokenizerJsonFile,
  type Segment,
  type Tokenizer,
} from '../../../lib/text/index.ts';
import { sentencePieceParts } from '../../../lib/text/sentencepiece.ts';
import { lilyDir, lilyTokenizerPath } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

const jsonPath = join(lilyDir, 'tokenizer.json');
const words =
  'Lily picked up a flower, and she liked it. “Où?” 日本、東京 don’t x  y\n\n½ 12345 e\u0301 <s> <think> <table>\t🙂';
/** Texts of words, spaces and whatever else, long enough for several parts. */
const longText = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...words.split(' ')).map((word) => `${word} `) },
      { weight: 2, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme' }) },
      {
        weight: 1,
        arbitrary: fc.constantFrom('  ', '\n', ' \n', '\u2581', '.', "'s", ' \u2581', '\ufeff', '\u0338'),
      },
    ),
    { minLength: 60, maxLength: 400 },
  )
  .map((parts) => parts.join(''));

/** The library's own way of splitting a text by a pattern. */
function splitterOf(regex: string): (text: string) => string[] {
  const split = { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
  const model = { type: 'BPE', vocab: {}, merges: [] };
  const steps = { normalizer: null, pre_tokenizer: split, post_processor: null, decoder: null };
  const { pre_tokenizer } = new Library({ ...steps, model, added_tokens: [] }, {});
  return (text) => pre_tokenizer!.pre_tokenize(text);
}

describe('text/turns', () => {
  it('encodeAsync gives the ids of encode (property)', async () => {
    const sentencePiece = await readSentencePieceFile(lilyTokenizerPath);
    const json = await readTokenizerJsonFile(jsonPath);
    for (const source of [{ sentencePiece }, { json }, { sentencePiece, json, agree: true }]) {
      const tokenizer = await createTokenizer(source);
      await fc.assert(
        fc.asyncProperty(longText, longText, fc.boolean(), async (left, right, addBos) => {
          const segments: Segment[] = [{ text: left }, { special: '</s>' }, { text: right }];
          for (const input of [left, segments])
            assert.deepEqual(
              await tokenizer.encodeAsync(input, { addBos }),
              tokenizer.encode(input, { addBos }),
            );
        }),
        { numRuns: 60, seed: 41 },
      );
    }
  });

  it('every cut of a text gives the ids of the whole (property)', async () => {
    const model = sentencePieceParts((await readSentencePieceFile(lilyTokenizerPath)).bytes, 'lily');
    const encoders = [
      (await tokenizerJsonParts((await readTokenizerJsonFile(jsonPath)).value, 'lily')).encoder,
      await model.start(),
    ];
    for (const encoder of encoders) {
      const mayCut = await encoder.cuts!();
      let cuts = 0;
      fc.assert(
        fc.property(longText, (text) => {
          const whole = [...Array.from(encoder.encode(text, true))];
          for (let at = 1; at < text.length; at += 1 + (at % 3)) {
            if (!mayCut(text, at)) continue;
            cuts++;
            const parts = [encoder.encode(text.slice(0, at), true), encoder.encode(text.slice(at), false)];
            assert.deepEqual(
              parts.flatMap((part) => Array.from(part)),
              whole,
              JSON.stringify([text, at]),
            );
          }
        }),
        { numRuns: 15, seed: 43 },
      );
      assert.ok(cuts > 500, `${cuts} cuts`);
    }
  });

  it('every cut by a pattern leaves the matches of the whole (property)', async () => {
    assert.ok(splittingPatterns.size >= 6);
    for (const pattern of splittingPatterns) {
      const matches = splitterOf(pattern);
      const mayCut = await patternCuts([pattern], [])!();
      let cuts = 0;
      fc.assert(
        fc.property(longText, (text) => {
          const whole = matches(text);
          for (let at = 1; at < text.length; at++) {
            if (!mayCut(text, at)) continue;
            cuts++;
            const parts = [text.slice(0, at), text.slice(at)].flatMap(matches);
            assert.deepEqual(parts, whole, JSON.stringify([pattern, text, at]));
          }
        }),
        { numRuns: 20, seed: 53 },
      );
      assert.ok(cuts > 300, `${cuts} cuts`);
    }
    assert.equal(patternCuts(['\\s+'], []), null, 'a pattern that is not in the list');
    assert.equal(patternCuts(['\\p{N}'], []), null, 'digits alone split no words');
    assert.equal(patternCuts([gpt2Pattern], ['a b']), null, 'a cut would divide an added token');
    assert.notEqual(patternCuts(['\\p{N}', gpt2Pattern], ['<think>']), null);
  });

  it('lets others have their turn, and ends with the signal', async () => {
    const tokenizer = await loadTokenizerJson(jsonPath);
    const text = words.repeat(300);
    let turns = 0;
    let running = true;
    const watch = (async () => {
      for (; running; turns++) await setImmediate();
    })();
    await tokenizer.encodeAsync(text);
    running = false;
    await watch;
    assert.ok(turns > 5, `${turns} turns`);
    const aborted = AbortSignal.abort(new Error('enough'));
    await assert.rejects(tokenizer.encodeAsync('a', { signal: aborted }), /enough/);
    const controller = new AbortController();
    const late = tokenizer.encodeAsync(text, { signal: controller.signal });
    await setImmediate();
    controller.abort(new Error('enough now'));
    await assert.rejects(late, /enough now/);
    await assert.rejects(tokenizer.encodeAsync('a', { signal: 7 as unknown as AbortSignal }), {
      code: 'OPTION',
    });
  });

  it('the tokenizers of all families can be cut, and give the ids of the whole (property)', async function () {
    const models = join(needSharedDir(this), 'families', 'models');
    const text = longText.map((whole) => whole.slice(0, 1500));
    for (const name of readdirSync(models)) {
      const tokenizers: [string, Tokenizer][] = [];
      for (const [file, load] of [
        ['tokenizer.json', loadTokenizerJson],
        ['tokenizer.model', loadSentencePiece],
      ] as const)
        if (existsSync(join(models, name, file)))
          tokenizers.push([file, await load(join(models, name, file))]);
      for (const [file, tokenizer] of tokenizers)
        await fc.assert(
          fc.asyncProperty(text, async (one) => {
            assert.deepEqual(await tokenizer.encodeAsync(one), tokenizer.encode(one), `${name} ${file}`);
          }),
          { numRuns: 25, seed: 47 },
        );
      const { encoder } = await tokenizerJsonParts(
        (await readTokenizerJsonFile(join(models, name, 'tokenizer.json'))).value,
        name,
      );
      assert.notEqual(encoder.cuts, null, name);
    }
  });
});
