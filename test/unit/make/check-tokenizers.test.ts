import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { tokenizersDifference } from '../../../lib/make/check-tokenizers.ts';
import { lilyDir } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

describe('make/check-tokenizers', () => {
  it("the demo's two files agree", async () => {
    assert.equal(await tokenizersDifference(lilyDir), null);
  });

  it('fault 20: compares both files of a directory as a package loads them', async function () {
    const models = join(needSharedDir(this), 'families', 'models');
    const found: Record<string, string> = {};
    const [agreeing, alone]: string[][] = [[], []];
    for (const name of readdirSync(models)) {
      const difference = await tokenizersDifference(join(models, name));
      if (difference === null) agreeing!.push(name);
      else if (difference === undefined) alone!.push(name);
      else found[name] = /^"[^"]*"/.exec(difference)![0];
    }
    // README of the families: leading spaces (linear-rope, mistral), a run of spaces (gemma3).
    assert.deepEqual(found, {
      'gemma3-text': '"a     b"',
      'llama-linear-rope': '" "',
      mistral: '" "',
    });
    // tokenizer.json brings the added tokens that phi3's tokenizer.model lacks.
    assert.deepEqual(agreeing!.sort(), ['llama-dynamic', 'llama-gqa', 'phi3', 'phi3-longrope']);
    assert.ok(alone!.length >= 6);
  });
});
