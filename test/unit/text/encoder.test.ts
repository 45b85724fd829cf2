import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type Encoder, GrowingEncoder } from '../../../lib/text/encoder.ts';
import { createTokenizer, readSentencePieceFile, readTokenizerJsonFile } from '../../../lib/text/index.ts';
import { lilyDir, lilyTokenizerPath } from '../../support/lily.ts';

/** An encoder whose ids say who made them. */
const saying = (id: number): Encoder => ({ encode: () => [id], cuts: null });

describe('text/encoder', () => {
  it('the quick encoder serves short texts, the fast one all once much has been encoded', async () => {
    let started = 0;
    let finish: (encoder: Encoder) => void = () => {};
    const encoder = new GrowingEncoder(saying(1), () => {
      started++;
      return new Promise((resolve) => {
        finish = resolve;
      });
    });
    for (let i = 0; i < 19; i++) assert.deepEqual(encoder.encode('x'.repeat(1000), true), [1]);
    await setImmediate();
    assert.equal(started, 0, 'short texts in all do not start it');
    assert.deepEqual(encoder.encode('x'.repeat(1000), true), [1]);
    assert.deepEqual(encoder.encode('x', true), [1], 'nobody waits for it');
    assert.equal(started, 1);
    const long = encoder.prepare(100_000);
    finish(saying(2));
    await long;
    assert.deepEqual(encoder.encode('x', true), [2]);
    await encoder.prepare(100_000);
    assert.equal(started, 1);
  });

  it('one that does not start leaves the quick one', async () => {
    const encoder = new GrowingEncoder(saying(1), () => Promise.reject(new Error('no')));
    await encoder.prepare(100_000);
    assert.deepEqual(encoder.encode('x', true), [1]);
  });

  it('a long text waits for the fast one, and gives the same ids', async () => {
    const json = await readTokenizerJsonFile(`${lilyDir}/tokenizer.json`);
    const sentencePiece = await readSentencePieceFile(lilyTokenizerPath);
    const growing = await createTokenizer({ sentencePiece, json, agree: true });
    const plain = await createTokenizer({ sentencePiece });
    const text = 'Lily picked up a flower. '.repeat(2000);
    assert.deepEqual(await growing.encodeAsync(text), plain.encode(text));
  });
});
