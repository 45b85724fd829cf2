import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { loadSentencePiece, loadTokenizerJson, noSettings, type Tokenizer } from '../../../lib/text/index.ts';
import { lilyDir, lilyTokenizerPath } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

interface FamilyCases {
  special_ids: number[];
  added_tokens: Record<string, number>;
  eos_id: number | null;
  vocab_size: number;
  cases: { text: string; ids: number[]; ids_no_special: number[]; decoded_skip_special: string }[];
  decode_cases: { ids: number[]; decoded_skip_special: string }[];
}

describe('text/huggingface', () => {
  let lily: Tokenizer;
  before(async () => {
    lily = await loadTokenizerJson(join(lilyDir, 'tokenizer.json'), { ...noSettings, eosToken: '</s>' });
  });

  it('knows its vocabulary', () => {
    assert.deepEqual([lily.vocabSize, lily.unkId, lily.bosId, lily.eosId], [1024, 0, 1, 2]);
    assert.deepEqual([...lily.specialIds], [0, 1, 2]);
    assert.deepEqual(
      [308, 13].map((id) => lily.idToPiece(id)),
      ['▁She', '<0x0A>'],
    );
  });

  it('fault 21, 23: agrees with tokenizer.model of the same model (property)', async () => {
    const other = await loadSentencePiece(lilyTokenizerPath);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const ids = lily.encode(text);
        assert.deepEqual(ids, other.encode(text), JSON.stringify(text));
        assert.equal(lily.decode(ids), other.decode(ids));
        assert.ok(lily.minTokens(text) <= ids.length);
      }),
      { numRuns: 1000, seed: 23 },
    );
    for (const text of ['</s>', 'a<s>b', '<unk>', '', ' ', '\ufeffa', 'x '.repeat(100)])
      assert.deepEqual(lily.encode(text), other.encode(text), JSON.stringify(text));
  });

  it('fault 24: streams: chunks joined are the whole (property)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1023 }), { maxLength: 30 }), fc.nat(30), (ids, cut) => {
        const stream = lily.streamDecoder();
        assert.equal(
          stream.push(ids.slice(0, cut)) + stream.push(ids.slice(cut)) + stream.end(),
          lily.decode(ids),
        );
      }),
      { numRuns: 500, seed: 29 },
    );
    assert.equal(lily.decode([]), '');
    assert.throws(() => lily.decode([1024]), { code: 'TOKEN_ID' });
  });

  describe('against the reference', () => {
    let shared: string;
    before(function () {
      shared = needSharedDir(this);
    });

    it('fault 23: all tokenizer cases of stories260K, special tokens taken as text', async () => {
      const tokenizer = await loadTokenizerJson(join(shared, 'models', 'stories260K', 'tokenizer.json'));
      const file = await readFile(join(shared, 'golden', 'tokenizer-cases.json'), 'utf8');
      const { rows } = JSON.parse(file) as { rows: { text: string; sp_ids: number[]; sp_decode: string }[] };
      assert.equal(rows.length, 520);
      for (const { text, sp_ids, sp_decode } of rows) {
        assert.deepEqual([...tokenizer.encode(text)], sp_ids, JSON.stringify(text));
        assert.equal(tokenizer.decode(sp_ids), sp_decode);
      }
    });

    it('the cases of every family', async () => {
      const dir = join(shared, 'families', 'tokenizer-cases');
      const names = (await readdir(dir)).map((name) => name.replace(/\.json$/, ''));
      assert.ok(names.length >= 11);
      for (const name of names) {
        const model = join(shared, 'families', 'models', name);
        const settings = JSON.parse(await readFile(join(model, 'tokenizer_config.json'), 'utf8')) as {
          eos_token?: string;
        };
        const tokenizer = await loadTokenizerJson(join(model, 'tokenizer.json'), {
          ...noSettings,
          eosToken: settings.eos_token ?? null,
        });
        const cases = JSON.parse(await readFile(join(dir, `${name}.json`), 'utf8')) as FamilyCases;
        assert.equal(tokenizer.eosId, cases.eos_id, name);
        assert.deepEqual([...tokenizer.specialIds].sort(), [...cases.special_ids].sort(), name);
        const special = Object.keys(cases.added_tokens).filter((text) =>
          cases.special_ids.includes(cases.added_tokens[text]!),
        );
        let compared = 0;
        for (const { text, ids, ids_no_special, decoded_skip_special } of cases.cases) {
          const what = `${name}: ${JSON.stringify(text)}`;
          assert.equal(tokenizer.decode(ids), decoded_skip_special, what);
          if (special.some((token) => text.includes(token))) continue;
          compared++;
          assert.deepEqual([...tokenizer.encode(text)], ids, what);
          assert.deepEqual([...tokenizer.encode(text, { addBos: false })], ids_no_special, what);
        }
        assert.ok(compared > 150, `${name}: ${compared} compared`);
        for (const { ids, decoded_skip_special } of cases.decode_cases)
          if (!brokenByteRun(tokenizer, ids))
            assert.equal(tokenizer.decode(ids), decoded_skip_special, `${name}: ${ids}`);
      }
    });
  });

  describe('files that are no tokenizer', () => {
    let dir: string;
    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'ggma-tokenizer-json-'));
    });
    after(() => rm(dir, { recursive: true }));

    interface File {
      model: { type: string; vocab: Record<string, unknown>; merges: unknown[]; unk_token: string };
      added_tokens: { id: unknown; content: string }[];
      decoder: { decoders: { type: string }[] };
    }

    it('fault 19: TOKENIZER or UNSUPPORTED, with the reason', async () => {
      const good = await readFile(join(lilyDir, 'tokenizer.json'), 'utf8');
      const path = join(dir, 'tokenizer.json');
      const attempt = async (text: string, code: string, message: RegExp) => {
        await writeFile(path, text);
        await assert.rejects(loadTokenizerJson(path), { code, message, path });
      };
      const changed = (code: string, message: RegExp, change: (file: File) => void) => {
        const file = JSON.parse(good) as File;
        change(file);
        return attempt(JSON.stringify(file), code, message);
      };
      await attempt('', 'TOKENIZER', /JSON/);
      await attempt('junk', 'TOKENIZER', /JSON/);
      await attempt('[]', 'TOKENIZER', /model/);
      await attempt('{"model": {"type": "BPE"}}', 'TOKENIZER', /vocab/);
      await changed('UNSUPPORTED', /BPE .* got WordPiece/, (file) => (file.model.type = 'WordPiece'));
      await changed('TOKENIZER', /tokens in "vocab"/, (file) => (file.model.vocab = {}));
      await changed('TOKENIZER', /an id from 0 .*"bad", got -1/, (file) => (file.model.vocab.bad = -1));
      await changed('TOKENIZER', /one token for id 300/, (file) => (file.model.vocab.bad = 300));
      await changed('TOKENIZER', /unk_token "\[UNK\]"/, (file) => (file.model.unk_token = '[UNK]'));
      await changed('TOKENIZER', /known tokens for merge \d+, got "zzz"/, (file) =>
        file.model.merges.push(['zzz', 'a']),
      );
      await changed('TOKENIZER', /two tokens for merge/, (file) => file.model.merges.push(['a']));
      await changed('TOKENIZER', /256 byte tokens/, (file) => {
        file.model.vocab['<0x-1>'] = file.model.vocab['<0x41>'];
        delete file.model.vocab['<0x41>'];
      });
      await changed('TOKENIZER', /an id from .*"y", got x/, (file) =>
        file.added_tokens.push({ id: 'x', content: 'y' }),
      );
      await changed('UNSUPPORTED', /decoder, got .*CTC/, (file) =>
        file.decoder.decoders.push({ type: 'CTC' }),
      );
      await assert.rejects(loadTokenizerJson(join(dir, 'missing')), { code: 'TOKENIZER' });
    });
  });
});

/**
 * The Rust library makes U+FFFD of every byte of a run of byte tokens that is not UTF-8 as a whole, the good
 * characters in it too. A stream cannot: it would have to hold all of them back. Ours follows the web's decoders.
 */
function brokenByteRun(tokenizer: Tokenizer, ids: readonly number[]): boolean {
  let run: number[] = [];
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  for (const id of [...ids, -1]) {
    const byte = id < 0 ? null : /^<0x(..)>$/.exec(tokenizer.idToPiece(id));
    if (byte) run.push(Number.parseInt(byte[1]!, 16));
    else {
      try {
        utf8.decode(Uint8Array.from(run));
      } catch {
        return true;
      }
      run = [];
    }
  }
  return false;
}
