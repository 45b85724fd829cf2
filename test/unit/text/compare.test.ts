import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  createTokenizer,
  loadSentencePiece,
  loadTokenizerJson,
  readSentencePieceFile,
  readTokenizerJsonFile,
  tokenizerDifference,
} from '../../../lib/text/index.ts';
import { lilyDir } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

const lily = (name: string) => join(lilyDir, name);

describe('text/compare', () => {
  it("finds no difference between the demo's two files", async () => {
    const model = await loadSentencePiece(lily('tokenizer.model'));
    assert.equal(tokenizerDifference(model, await loadTokenizerJson(lily('tokenizer.json'))), null);
    assert.equal(tokenizerDifference(model, model), null);
  });

  it('where they agree, tokenizer.json may encode for tokenizer.model: all the rest is the same (property)', async () => {
    const plain = await loadSentencePiece(lily('tokenizer.model'));
    const mixed = await createTokenizer({
      sentencePiece: await readSentencePieceFile(lily('tokenizer.model')),
      json: await readTokenizerJsonFile(lily('tokenizer.json')),
      agree: true,
    });
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('</s>', ' a', '\u2581', '\ud800', ''),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 5 }), fc.boolean(), (parts, addBos) => {
        assert.deepEqual(
          mixed.encode(parts.join(' '), { addBos }),
          plain.encode(parts.join(' '), { addBos }),
        );
      }),
      { numRuns: 500, seed: 20 },
    );
    fc.assert(
      fc.property(fc.array(fc.nat(plain.vocabSize - 1)), (ids) => {
        assert.equal(mixed.decode(ids), plain.decode(ids));
      }),
      { numRuns: 200, seed: 20 },
    );
    assert.deepEqual([mixed.bosId, mixed.eosId, mixed.unkId], [plain.bosId, plain.eosId, plain.unkId]);
    assert.deepEqual(mixed.specialIds, plain.specialIds);
  });

  it('fault 20: names the first differing text', async () => {
    const model = await loadSentencePiece(lily('tokenizer.model'));
    const json = JSON.parse(readFileSync(lily('tokenizer.json'), 'utf8')) as { model: { merges: unknown[] } };
    json.model.merges.splice(100, 1);
    const { mkdtempSync, writeFileSync, rmSync } = await import('node:fs');
    const { tmpdir } = await import('node:os');
    const dir = mkdtempSync(join(tmpdir(), 'ggma-compare-'));
    writeFileSync(join(dir, 'tokenizer.json'), JSON.stringify(json));
    const difference = tokenizerDifference(model, await loadTokenizerJson(join(dir, 'tokenizer.json')));
    assert.match(difference!, /^".*" is \[.*\] and \[.*\]$/);
    const text = JSON.parse(/^(".*") is/.exec(difference!)![1]!) as string;
    const other = await loadTokenizerJson(join(dir, 'tokenizer.json'));
    assert.notDeepEqual(model.encode(text), other.encode(text), 'they do differ there');
    rmSync(dir, { recursive: true });
  });

  it('fault 20: tells the families whose files disagree from those whose do not', async function () {
    const shared = needSharedDir(this);
    const models = join(shared, 'families/models');
    const differing: string[] = [];
    const agreeing: string[] = [];
    for (const name of readdirSync(models).sort()) {
      if (!readdirSync(join(models, name)).includes('tokenizer.model')) continue;
      const left = await loadSentencePiece(join(models, name, 'tokenizer.model'));
      const right = await loadTokenizerJson(join(models, name, 'tokenizer.json'));
      (tokenizerDifference(left, right) === null ? agreeing : differing).push(name);
    }
    // README of the families: leading spaces (linear-rope, mistral), a run of spaces (gemma3), added tokens (phi3).
    assert.deepEqual(differing, ['gemma3-text', 'llama-linear-rope', 'mistral', 'phi3', 'phi3-longrope']);
    assert.deepEqual(agreeing, ['llama-dynamic', 'llama-gqa']);
  });
});
