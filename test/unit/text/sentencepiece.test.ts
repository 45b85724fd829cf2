import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import library from 'sentencepiece-js';
import { GgmaError } from '../../../lib/errors.ts';
import { fenceProcessHandlers } from '../../../lib/text/fence.ts';
import { loadSentencePiece, MAX_TEXT_LENGTH, type Tokenizer } from '../../../lib/text/index.ts';
import { lilyDir, lilyTokenizerPath } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

const tokenError = (pattern: RegExp) => (error: unknown) =>
  error instanceof GgmaError && error.code === 'TOKEN_ID' && pattern.test(error.message);

describe('text/sentencepiece', () => {
  let lily: Tokenizer;
  before(async () => {
    lily = await loadSentencePiece(lilyTokenizerPath);
  });

  it('knows its vocabulary', async () => {
    assert.deepEqual([lily.vocabSize, lily.unkId, lily.bosId, lily.eosId], [1024, 0, 1, 2]);
    assert.deepEqual([...lily.specialIds], [1, 2]);
    assert.deepEqual(
      [0, 1, 2, 13, 308].map((id) => lily.idToPiece(id)),
      ['<unk>', '<s>', '</s>', '<0x0A>', '▁She'],
    );
  });

  it('puts the beginning of sequence in front unless told not to', () => {
    assert.deepEqual([...lily.encode('Lily picked up a flower.')], [1, 477, 747, 360, 261, 680, 962]);
    assert.deepEqual([...lily.encode('Lily', { addBos: false })], [477]);
    assert.deepEqual([...lily.encode('')], [1]);
    assert.deepEqual([...lily.encode('', { addBos: false })], []);
  });

  it('fault 23: takes text that looks like a special token as text', () => {
    for (const text of ['</s>', '<s>', '<unk>', 'a</s>b', '<0x0A>']) {
      const ids = lily.encode(text, { addBos: false });
      for (const id of ids) assert.ok(id > 2, `${text}: ${ids}`);
      assert.equal(lily.decode(ids), text);
    }
  });

  it('fault 21: keeps any well-formed text through encode and decode (property)', () => {
    const text = fc
      .string({ unit: 'binary', maxLength: 40 })
      .map((s) => s.replace(/\p{Surrogate}|\u2581/gu, ''));
    fc.assert(
      fc.property(text, (s) => assert.equal(lily.decode(lily.encode(s)), s)),
      { numRuns: 1000, seed: 3 },
    );
    for (const s of [
      '\ufeffabc',
      'a\ufeff',
      '\ufeff',
      'a\0b',
      '\0',
      '👩‍👩‍👧',
      ' ',
      '   ',
      ' x ',
      '\n',
      '\r\n',
    ])
      assert.equal(lily.decode(lily.encode(s)), s, JSON.stringify(s));
  });

  it('fault 21: takes a lone surrogate for U+FFFD', () => {
    assert.deepEqual(lily.encode('a\ud800b'), lily.encode('a\ufffdb'));
    assert.deepEqual(lily.encode('\udc00'), lily.encode('\ufffd'));
  });

  it('fault 21: refuses what it cannot encode', () => {
    const input = (error: unknown) => error instanceof GgmaError && error.code === 'INPUT';
    assert.throws(() => lily.encode(7 as unknown as string), input);
    assert.throws(() => lily.encode('a'.repeat(MAX_TEXT_LENGTH + 1)), input);
  });

  it('fault 22: decodes [] to nothing and refuses wrong ids', () => {
    assert.equal(lily.decode([]), '');
    assert.equal(lily.decode(new Int32Array(0)), '');
    for (const id of [-1, 1024, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined])
      assert.throws(() => lily.decode([5, id as number]), tokenError(/0 to 1023/));
    assert.throws(() => lily.decode([5n as unknown as number]), tokenError(/got 5n/));
    assert.throws(() => lily.decode(BigInt64Array.of(5n) as unknown as number[]), tokenError(/got 5n/));
    assert.throws(() => lily.idToPiece(1024), tokenError(/got 1024/));
    assert.equal(lily.decode(Int32Array.of(308, 365)), 'She liked');
  });

  it('never counts more tokens than there are (property)', () => {
    let positive = 0;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (s) => {
        const min = lily.minTokens(s);
        if (min > 0) positive++;
        assert.ok(min <= lily.encode(s, { addBos: false }).length);
      }),
      { numRuns: 500, seed: 5 },
    );
    assert.ok(positive > 400);
  });

  describe('streams', () => {
    const ids = fc.array(fc.oneof(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 3, max: 258 })), {
      maxLength: 30,
    });

    it('fault 24: chunks joined are the whole, and no chunk breaks a character (property)', () => {
      let multiple = 0;
      fc.assert(
        fc.property(ids, fc.array(fc.nat(5), { minLength: 30, maxLength: 30 }), (all, sizes) => {
          const stream = lily.streamDecoder();
          const chunks: string[] = [];
          let at = 0;
          for (const size of sizes.concat(all.length)) {
            chunks.push(stream.push(all.slice(at, at + size)));
            at += size;
          }
          chunks.push(stream.end());
          assert.equal(chunks.join(''), lily.decode(all));
          for (const chunk of chunks) assert.doesNotMatch(chunk, /\p{Surrogate}/u);
          if (chunks.filter((chunk) => chunk !== '').length > 1) multiple++;
        }),
        { numRuns: 1000, seed: 11 },
      );
      assert.ok(multiple > 300);
    });

    it('fault 24: holds an unfinished character back, and shows it as U+FFFD once', () => {
      const bytes = [...Buffer.from('😀')].map((byte) => byte + 3);
      const stream = lily.streamDecoder();
      assert.deepEqual(
        bytes.map((id) => stream.push([id])),
        ['', '', '', '😀'],
      );
      assert.equal(stream.push(bytes.slice(0, 3)), '');
      assert.equal(stream.push([308]), '\ufffd She');
      assert.equal(stream.push(bytes.slice(0, 2)), '');
      assert.equal(stream.end(), '\ufffd');
      assert.equal(lily.decode([bytes[0]!]), '\ufffd');
    });

    it('keeps its place when an id is refused', () => {
      const stream = lily.streamDecoder();
      assert.equal(stream.push([308]), 'She');
      assert.throws(() => stream.push([365, 4096]), tokenError(/4096/));
      assert.equal(stream.push([365]), ' liked');
    });
  });

  it("agrees with SentencePiece's own decoder on any ids, broken UTF-8 aside (property)", async () => {
    const own = await fenceProcessHandlers(async () => {
      const processor = new library.SentencePieceProcessor();
      await processor.load(lilyTokenizerPath);
      return processor;
    });
    // It writes one U+FFFD per wrong byte where the web's decoders write one per broken character.
    const comparable = (text: string) => text.replace(/\ufffd+/g, '\ufffd');
    const ids = fc.array(
      fc.oneof(fc.integer({ min: 0, max: 1023 }), fc.constantFrom(0, 1, 2, 259, 35, 957)),
      {
        maxLength: 20,
      },
    );
    let different = 0;
    fc.assert(
      fc.property(ids, (list) => {
        const text = lily.decode(list);
        assert.equal(comparable(text), comparable(own.decodeIds(list)));
        if (text !== list.map((id) => lily.idToPiece(id).replaceAll('▁', ' ')).join('')) different++;
      }),
      { numRuns: 3000, seed: 13 },
    );
    assert.ok(different > 1000);
  });

  describe('against the reference', () => {
    let shared: string;
    before(function () {
      shared = needSharedDir(this);
    });

    it('ids and texts of all tokenizer cases', async () => {
      interface Row {
        text: string;
        sp_ids: number[];
        sp_decode: string;
      }
      const file = await readFile(join(shared, 'golden', 'tokenizer-cases.json'), 'utf8');
      const { rows } = JSON.parse(file) as { rows: Row[] };
      assert.equal(rows.length, 520);
      const tokenizer = await loadSentencePiece(join(shared, 'models', 'stories260K', 'tokenizer.model'));
      for (const { text, sp_ids, sp_decode } of rows) {
        assert.deepEqual([...tokenizer.encode(text)], sp_ids, JSON.stringify(text));
        assert.equal(tokenizer.decode(sp_ids), sp_decode, JSON.stringify(text));
      }
    });

    it("the demo's prompts and stories", async () => {
      interface Case {
        text: string;
        prompt_ids: number[];
        greedy_ids: number[];
        greedy_text: string;
        first_eos: number;
      }
      const file = await readFile(join(shared, 'golden', 'numeric', 'lily', 'prompts.json'), 'utf8');
      const { cases } = JSON.parse(file) as { cases: Case[] };
      assert.equal(cases.length, 6);
      for (const { text, prompt_ids, greedy_ids, greedy_text, first_eos } of cases) {
        assert.deepEqual([...lily.encode(text)], prompt_ids);
        const story = first_eos < 0 ? greedy_ids : greedy_ids.slice(0, first_eos);
        assert.equal(lily.decode(story), greedy_text);
      }
    });
  });

  describe('files that are no model', () => {
    let dir: string;
    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'ggma-sentencepiece-'));
    });
    after(() => rm(dir, { recursive: true }));

    it('fault 19: TOKENIZER for a missing, empty, cut or foreign file', async () => {
      const good = await readFile(lilyTokenizerPath);
      const files: [string, Uint8Array][] = [
        ['empty', new Uint8Array(0)],
        ['junk', Buffer.from('this is no model at all')],
        ['zeros', new Uint8Array(64)],
        ['json', await readFile(join(lilyDir, 'tokenizer.json'))],
        ['cut', good.subarray(0, good.length / 2)],
      ];
      for (const [name, bytes] of files) {
        const path = join(dir, name);
        await writeFile(path, bytes);
        await assert.rejects(
          loadSentencePiece(path),
          (error) =>
            error instanceof GgmaError && error.code === 'TOKENIZER' && error.path?.includes(path) === true,
          name,
        );
      }
      await assert.rejects(loadSentencePiece(join(dir, 'missing')), { code: 'TOKENIZER' });
      await assert.rejects(loadSentencePiece(dir), { code: 'TOKENIZER' });
    });
  });
});
