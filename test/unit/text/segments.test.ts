import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  createTokenizer,
  noSettings,
  readSentencePieceFile,
  readTokenizerJsonFile,
  type Segment,
  type Tokenizer,
  type TokenizerSource,
} from '../../../lib/text/index.ts';
import { lilyDir } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

const lilyFiles = {
  sentencePiece: await readSentencePieceFile(join(lilyDir, 'tokenizer.model')),
  json: await readTokenizerJsonFile(join(lilyDir, 'tokenizer.json')),
};

/** Texts and special tokens in the order in which they stand in a text. */
function split(text: string, specials: Iterable<string>): Segment[] {
  const names = [...specials].sort((a, b) => b.length - a.length);
  const pattern = new RegExp(
    `(${names.map((name) => name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')})`,
  );
  return text
    .split(pattern)
    .map((part) => (names.includes(part) ? { special: part } : { text: part }))
    .filter((segment) => !('text' in segment) || segment.text !== '');
}

describe('text/segments', () => {
  const tokenizers: [string, Tokenizer][] = [];
  before(async () => {
    const { sentencePiece, json } = lilyFiles;
    const sources: Record<string, TokenizerSource> = {
      model: { sentencePiece },
      json: { json },
      both: { sentencePiece, json },
      quick: { sentencePiece, json, agree: true },
    };
    for (const [name, source] of Object.entries(sources))
      tokenizers.push([name, await createTokenizer(source)]);
  });

  it('text is literal, a special is its id, neighbouring texts are one text (property)', () => {
    for (const [name, tokenizer] of tokenizers) {
      assert.deepEqual(tokenizer.specials.get('</s>'), 2, name);
      const part = fc.oneof(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('</s>', '<s>', ' a', ' ', 'Lily'),
      );
      fc.assert(
        fc.property(fc.array(part), fc.array(part), (left, right) => {
          const texts = (parts: string[]): Segment[] => parts.map((text) => ({ text }));
          const plain = (text: string) => [...tokenizer.encode(text, { addBos: false })];
          assert.deepEqual(
            [...tokenizer.encode([...texts(left), { special: '</s>' }, ...texts(right)])],
            [1, ...plain(left.join('')), 2, ...plain(right.join(''))],
            name,
          );
          assert.deepEqual([...tokenizer.encode(texts(left))], [1, ...plain(left.join(''))]);
        }),
        { numRuns: 100, seed: 31 },
      );
    }
  });

  it('there is never a second beginning of sequence', () => {
    for (const [name, tokenizer] of tokenizers) {
      const lily = [...tokenizer.encode('Lily', { addBos: false })];
      const begun: Segment[] = [{ special: '<s>' }, { text: 'Lily' }];
      assert.deepEqual([...tokenizer.encode(begun)], [1, ...lily], name);
      assert.deepEqual([...tokenizer.encode(begun, { addBos: false })], [1, ...lily]);
      assert.deepEqual([...tokenizer.encode([{ text: '' }, ...begun])], [1, ...lily]);
      assert.deepEqual([...tokenizer.encode('<s>', { addBos: false })].includes(1), false);
      assert.deepEqual([...tokenizer.encode([])], [1]);
      assert.deepEqual([...tokenizer.encode([{ special: '</s>' }])], [1, 2]);
    }
  });

  it('refuses unknown specials, what is no segment, and options that do not exist', async () => {
    for (const [, tokenizer] of tokenizers) {
      const attempt = (input: unknown, code: string, message: RegExp, options?: object) => {
        assert.throws(() => tokenizer.encode(input as string, options), { code, message });
        return assert.rejects(tokenizer.encodeAsync(input as string, options), { code, message });
      };
      await attempt([{ special: '<|im_end|>' }], 'INPUT', /<s>, <\/s>\), got "<\|im_end\|>"/);
      await attempt([{ special: 'Lily' }], 'INPUT', /got "Lily"/);
      await attempt([{ text: 'a' }, { text: 7 }], 'INPUT', /segment 1, got \{"text":7\}/);
      await attempt([{ text: 'a', special: '<s>' }], 'INPUT', /segment 0/);
      await attempt(['a'], 'INPUT', /segment 0, got "a"/);
      await attempt([null], 'INPUT', /segment 0, got null/);
      await attempt(null, 'INPUT', /got null/);
      await attempt({ text: 'a' }, 'INPUT', /got object/);
      await attempt('a', 'OPTION', /addBos, addEos.*got parseSpecial/, { parseSpecial: true });
      await attempt('a', 'OPTION', /true or false for addBos, got 1/, { addBos: 1 });
      const half = { text: 'a'.repeat(2_000_001) };
      await attempt([half, half], 'INPUT', /at most 4000000/);
    }
  });

  it('minTokens of segments is never above their number (property)', () => {
    const segment = fc.oneof(
      fc.record({ text: fc.string({ unit: 'grapheme' }) }),
      fc.constant({ special: '</s>' }),
    );
    for (const [, tokenizer] of tokenizers)
      fc.assert(
        fc.property(fc.array(segment), (segments) => {
          const min = tokenizer.minTokens(segments);
          assert.ok(min <= tokenizer.encode(segments, { addBos: false }).length);
          assert.ok(min >= segments.filter((one) => 'special' in one).length);
        }),
        { numRuns: 100, seed: 33 },
      );
  });

  it('bytesOf gives what each id stands for', () => {
    for (const [, tokenizer] of tokenizers) {
      assert.deepEqual(Buffer.from(tokenizer.bytesOf(308)).toString(), ' She');
      assert.deepEqual([...tokenizer.bytesOf(13)], [10]);
      assert.deepEqual([...tokenizer.bytesOf(2)], []);
      assert.throws(() => tokenizer.bytesOf(1024), { code: 'TOKEN_ID' });
      const text = 'Lily liked 日本';
      const bytes = [...tokenizer.encode(text)].flatMap((id) => [...tokenizer.bytesOf(id)]);
      assert.equal(Buffer.from(bytes).toString(), ` ${text}`);
    }
  });

  it('settings say what stands around a text, whichever file encodes', async () => {
    const { sentencePiece, json } = lilyFiles;
    const settings = { ...noSettings, addBos: false, addEos: true, eosToken: '</s>' };
    for (const files of [{ sentencePiece }, { json }, { sentencePiece, json }]) {
      const tokenizer = await createTokenizer({ ...files, settings });
      assert.deepEqual([...tokenizer.encode('Lily')], [477, 2]);
      assert.deepEqual([...tokenizer.encode('Lily', { addEos: false })], [477]);
      assert.deepEqual([...tokenizer.encode([{ text: 'Lily' }, { special: '</s>' }])], [477, 2]);
    }
    // A tokenizer.json without a template wants nothing in front, and says so for tokenizer.model too.
    const bare = { where: json.where, value: { ...(json.value as object), post_processor: null } };
    const tokenizer = await createTokenizer({ sentencePiece, json: bare });
    assert.deepEqual([...tokenizer.encode('Lily')], [477]);
    const told = await createTokenizer({
      sentencePiece,
      json: bare,
      settings: { ...noSettings, addBos: true },
    });
    assert.deepEqual([...told.encode('Lily')], [1, 477]);
  });

  describe('continuations', () => {
    it('a text behind a prompt keeps its leading space (property)', () => {
      for (const [name, tokenizer] of tokenizers) {
        const once = tokenizer.encode('Once upon a');
        const time = tokenizer.encode('time', { addBos: false });
        const stream = tokenizer.streamDecoder({ after: once });
        assert.equal(stream.push(time) + stream.end(), ' time', name);
        assert.equal(tokenizer.streamDecoder({ after: [1] }).push(time), 'time');
        assert.equal(tokenizer.streamDecoder({ after: [] }).push(time), 'time');
        assert.throws(() => tokenizer.streamDecoder({ after: [1, 1024] }), {
          code: 'TOKEN_ID',
          path: 'after[1]',
        });
        const id = fc.oneof(fc.integer({ min: 3, max: 1023 }), fc.integer({ min: 3, max: 258 }));
        fc.assert(
          fc.property(fc.array(id, { maxLength: 12 }), fc.array(id), (prompt, rest) => {
            const before = tokenizer.streamDecoder();
            const shown = before.push([1, ...prompt]);
            const after = tokenizer.streamDecoder({ after: [1, ...prompt] });
            // What the prompt holds back belongs to the continuation.
            assert.equal(shown + after.push(rest) + after.end(), tokenizer.decode([1, ...prompt, ...rest]));
          }),
          { numRuns: 500, seed: 37 },
        );
      }
    });

    it('a text behind a special token begins: its first space is the encoder’s', () => {
      for (const [, tokenizer] of tokenizers) {
        const prompt = tokenizer.encode([{ text: 'Lily' }, { special: '</s>' }]);
        const text = tokenizer.encode('Once', { addBos: false });
        assert.equal(tokenizer.streamDecoder({ after: prompt }).push(text), 'Once');
      }
    });
  });

  describe('against the reference', () => {
    it('segments give the ids of the text with its special tokens', async function () {
      const families = join(needSharedDir(this), 'families');
      let compared = 0;
      for (const name of [
        'gemma3-text',
        'granite',
        'llama-gqa',
        'llama-linear-rope',
        'mistral',
        'phi3',
        'qwen3',
        'smollm3',
      ]) {
        const dir = join(families, 'models', name);
        const tokenizer = await createTokenizer({
          json: await readTokenizerJsonFile(join(dir, 'tokenizer.json')),
        });
        const { cases } = JSON.parse(
          readFileSync(join(families, 'tokenizer-cases', `${name}.json`), 'utf8'),
        ) as { cases: { text: string; ids: number[]; ids_no_special: number[] }[] };
        for (const { text, ids, ids_no_special } of cases) {
          const segments = split(text, tokenizer.specials.keys());
          if (!segments.some((segment) => 'special' in segment)) continue;
          compared++;
          const what = `${name}: ${JSON.stringify(text)}`;
          assert.deepEqual([...tokenizer.encode(segments, { addBos: false })], ids_no_special, what);
          const doubled = ids[0] === ids[1] && ids[0] === tokenizer.bosId;
          assert.deepEqual([...tokenizer.encode(segments)], doubled ? ids.slice(1) : ids, what);
        }
      }
      assert.ok(compared > 50, `${compared} compared`);
    });
  });
});
