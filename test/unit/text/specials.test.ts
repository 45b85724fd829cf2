import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createTokenizer,
  loadSentencePiece,
  noSettings,
  readSentencePieceFile,
  readTokenizerJsonFile,
  readTokenizerSettings,
  type Tokenizer,
} from '../../../lib/text/index.ts';
import { looksLikeControl } from '../../../lib/text/markup.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';
import { withUserDefined } from '../../support/sentencepiece.ts';

/** The demo's model with pieces 1024 … as gemma has them. */
async function withSigns(): Promise<{ bytes: Uint8Array; where: string }> {
  const bytes = await readFile(lilyTokenizerPath);
  return { where: 'lily', bytes: withUserDefined(bytes, '<start_of_turn>', '\n\n', '<table>') };
}

const plain = (tokenizer: Tokenizer, text: string) => [...tokenizer.encode(text, { addBos: false })];

describe('text/specials', () => {
  it('a user-defined sign in a text stays text, and a segment makes it', async () => {
    const tokenizer = await createTokenizer({ sentencePiece: await withSigns() });
    const text = 'a<start_of_turn>user';
    assert.ok(!plain(tokenizer, text).includes(1024), 'a text makes no sign');
    assert.equal(tokenizer.decode(tokenizer.encode(text)), text);
    assert.deepEqual([...tokenizer.encode([{ special: '<start_of_turn>' }])], [1, 1024]);
    assert.equal(tokenizer.specials.get('<start_of_turn>'), 1024);
    assert.deepEqual([...tokenizer.bytesOf(1024)], []);
    // What is text that became one piece is still found.
    assert.ok(plain(tokenizer, 'a\n\nb').includes(1025));
    assert.ok(plain(tokenizer, 'a<table>b').includes(1026));
    assert.equal(tokenizer.decode([1025, 1026]), '\n\n<table>');
  });

  it('lists of added tokens decide which user-defined pieces are signs', async () => {
    const sentencePiece = await withSigns();
    const added = {
      1024: { content: '<start_of_turn>', special: false },
      1026: { content: '<table>', special: true },
    };
    const settings = readTokenizerSettings({ config: { added_tokens_decoder: added } }, 'lily');
    const value = {
      added_tokens: Object.entries(added).map(([id, token]) => ({ id: Number(id), ...token })),
      post_processor: null,
    };
    for (const source of [{ settings }, { json: { value, where: 'tokenizer.json' } }]) {
      const tokenizer = await createTokenizer({ sentencePiece, ...source });
      assert.ok(plain(tokenizer, 'a<start_of_turn>b').includes(1024));
      assert.ok(!plain(tokenizer, 'a<table>b').includes(1026));
      assert.equal(tokenizer.specials.get('<table>'), 1026);
    }
  });

  it('added tokens beyond tokenizer.model are known', async () => {
    const config = {
      eos_token: { content: '<|end|>' },
      added_tokens_decoder: {
        '1030': { content: '<|end|>', special: true, rstrip: true },
        '1031': { content: '<think>', special: false },
      },
    };
    const settings = { ...readTokenizerSettings({ config }, 'lily'), maxIds: 1032 };
    const tokenizer = await loadSentencePiece(lilyTokenizerPath, settings);
    assert.deepEqual([tokenizer.vocabSize, tokenizer.eosId], [1032, 1030]);
    assert.equal(tokenizer.idToPiece(1030), '<|end|>');
    assert.equal(tokenizer.idToPiece(1027), '', 'no token has this id');
    assert.equal(tokenizer.decode([308, 1030, 1027, 1031, 365]), 'She<think> liked');
    assert.deepEqual([...tokenizer.encode([{ special: '<|end|>' }, { text: ' \n Lily' }])], [1, 1030, 477]);
    assert.equal(tokenizer.streamDecoder({ after: [1, 1030] }).push([477]), 'Lily');
    // A token without a row in the model can neither be fed nor drawn.
    const small = await loadSentencePiece(lilyTokenizerPath, { ...settings, maxIds: 1031 });
    assert.equal(small.vocabSize, 1031);
    const none = await loadSentencePiece(lilyTokenizerPath, { ...settings, maxIds: 1024 });
    assert.deepEqual([none.vocabSize, none.eosId, none.specials.has('<|end|>')], [1024, 2, false]);
  });

  it('added_tokens.json counts where tokenizer_config.json has no list', async () => {
    const settings = readTokenizerSettings({ addedTokens: { '<|im_end|>': 1024 } }, 'lily');
    const tokenizer = await loadSentencePiece(lilyTokenizerPath, settings);
    assert.deepEqual([...tokenizer.encode([{ special: '<|im_end|>' }])], [1, 1024]);
  });

  it('legacy: false puts no space in front behind a special token', async () => {
    const encode = async (legacy: boolean | null) => {
      const tokenizer = await loadSentencePiece(lilyTokenizerPath, { ...noSettings, legacy });
      return [...tokenizer.encode([{ special: '</s>' }, { text: 'Lily' }], { addBos: false })];
    };
    assert.deepEqual(await encode(null), [2, 477]);
    assert.deepEqual(await encode(true), [2, 477]);
    const rest = (await encode(false)).slice(1);
    const lily = await loadSentencePiece(lilyTokenizerPath);
    assert.equal(rest.map((id) => lily.idToPiece(id)).join(''), 'Lily');
  });

  it('tells signs from HTML', () => {
    for (const sign of [
      '<start_of_turn>',
      '<unused99>',
      '<pad>',
      '<|user|>',
      '[multimodal]',
      '<0x>',
      '<think>',
    ])
      assert.ok(looksLikeControl(sign), sign);
    for (const text of ['<table>', '</h1>', '<b>', '\n\n', '▁▁', '<', '<>', 'a>', '[ x ]', '\t'])
      assert.ok(!looksLikeControl(text), text);
  });

  describe('against the reference', () => {
    it('tokenizer.model of every family has the specials, the beginning and the added tokens of its tokenizer.json', async function () {
      const families = join(needSharedDir(this), 'families');
      let seen = 0;
      for (const name of ['gemma3-text', 'llama-gqa', 'llama-linear-rope', 'mistral', 'phi3']) {
        const dir = join(families, 'models', name);
        assert.ok(existsSync(join(dir, 'tokenizer.model')));
        const json = await readTokenizerJsonFile(join(dir, 'tokenizer.json'));
        const sentencePiece = await readSentencePieceFile(join(dir, 'tokenizer.model'));
        const file: unknown = JSON.parse(readFileSync(join(dir, 'tokenizer_config.json'), 'utf8'));
        const settings = readTokenizerSettings({ config: file }, dir);
        const [left, right] = [
          await createTokenizer({ json, settings }),
          await createTokenizer({ json, sentencePiece, settings }),
        ];
        for (const [special, id] of left.specials) {
          if (id === right.unkId) continue;
          seen++;
          assert.equal(right.specials.get(special), id, `${name} ${special}`);
          assert.ok(!plain(right, `a ${special} b`).includes(id), `${name} ${special} is text in a text`);
          assert.deepEqual(
            right.encode([{ text: 'Hi' }, { special }, { text: '\n Z' }]),
            left.encode([{ text: 'Hi' }, { special }, { text: '\n Z' }]),
            `${name} ${special}`,
          );
        }
        assert.deepEqual(right.encode('Z'), left.encode('Z'), name);
        assert.deepEqual(
          [right.bosId, right.eosId, right.vocabSize],
          [left.bosId, left.eosId, left.vocabSize],
        );
        for (const id of left.specialIds) if (id !== right.unkId) assert.equal(right.decode([id]), '');
      }
      assert.ok(seen > 15, `${seen} specials`);
    });

    it('phi3 begins without the beginning of sequence, whichever file encodes', async function () {
      const dir = join(needSharedDir(this), 'families', 'models', 'phi3');
      const json = await readTokenizerJsonFile(join(dir, 'tokenizer.json'));
      const sentencePiece = await readSentencePieceFile(join(dir, 'tokenizer.model'));
      for (const source of [{ json }, { json, sentencePiece }]) {
        const tokenizer = await createTokenizer(source);
        assert.deepEqual(tokenizer.encode('Z'), tokenizer.encode('Z', { addBos: false }));
        assert.equal(tokenizer.decode([602, 607]), '');
        assert.equal(tokenizer.idToPiece(607), '<|user|>');
      }
    });
  });
});
