import assert from 'node:assert/strict';
import type { GenerateOptions } from '../../../../lib/runtime/index.ts';
import { code, open, prompt, story } from '../../../support/fake-model.ts';

describe('runtime/options/generate', () => {
  it('fault 27: maxTokens 0 gives nothing and takes no step; n gives n tokens', async () => {
    const { model, program } = await open();
    const none = await model.complete(prompt, { maxTokens: 0 });
    assert.deepEqual([none.ids, none.text, none.finishReason], [[], '', 'length']);
    assert.deepEqual(program.calls, []);
    for (const n of [1, 2, 7])
      assert.deepEqual((await model.complete(prompt, { maxTokens: n })).ids, story.slice(0, n));
  });

  it('fault 25, 27, 28: wrong values end with OPTION: field, value, rule', async () => {
    const { model } = await open();
    const wrong: [unknown, RegExp][] = [
      [{ maxTokens: -1 }, /integer from 0 .* maxTokens, got -1/],
      [{ maxTokens: Number.POSITIVE_INFINITY }, /maxTokens, got Infinity/],
      [{ maxTokens: Number.NaN }, /maxTokens, got NaN/],
      [{ maxTokens: '8' }, /maxTokens, got "8"/],
      [{ maxTokens: 1e12 }, /maxTokens, got 1000000000000/],
      [{ maxTokens: 8n }, /maxTokens, got 8n/],
      [{ stop: '' }, /non-empty/],
      [{ stop: ['a', ''] }, /non-empty/],
      [{ stop: ['\ud83d'] }, /well-formed/],
      [{ stop: [7] }, /stop, got \[7\]/],
      [{ eosIds: [1024] }, /0 to 1023 for eosIds/],
      [{ ignoreEos: 1 }, /true or false/],
      [{ signal: {} }, /AbortSignal/],
      [{ temperature: -1 }, /a number from 0 to 100 for temperature, got -1/],
      [{ temperature: Number.NaN }, /temperature, got NaN/],
      [{ temperature: '1' }, /temperature, got "1"/],
      [{ topP: 2 }, /a number from 0 to 1 for topP, got 2/],
      [{ topK: -1 }, /topK, got -1/],
      [{ topK: 1.5 }, /topK, got 1.5/],
      [{ minP: 1.5 }, /minP, got 1.5/],
      [{ repeatPenalty: 0 }, /repeatPenalty, got 0/],
      [{ presencePenalty: Number.POSITIVE_INFINITY }, /presencePenalty, got Infinity/],
      [{ frequencyPenalty: null }, /frequencyPenalty, got null/],
      [{ logitBias: { 1024: 1 } }, /ids from 0 to 1023 .*logitBias, got {"1024":1}/],
      [{ logitBias: { x: 1 } }, /logitBias/],
      [{ logitBias: { 5: Number.NaN } }, /logitBias/],
      [{ logitBias: new Map([[1.5, 1]]) }, /logitBias/],
      [{ logitBias: 5 }, /logitBias, got 5/],
      [{ seed: -1 }, /seed, got -1/],
      [{ seed: 2 ** 53 }, /seed, got 9007199254740992/],
      [{ overflow: 'shift' }, /'error' or 'truncate-left' for overflow, got "shift"/],
      [{ overflow: 'truncate-left' }, /expected maxTokens with overflow/],
      [{ logprobs: 21 }, /true, false or an integer from 0 to 20 for logprobs, got 21/],
      [{ topLogprobs: -1 }, /topLogprobs, got -1/],
      [{ logprobs: 2, topLogprobs: 3 }, /one number for logprobs and topLogprobs, got 2 and 3/],
      [{ logprobs: false, topLogprobs: 3 }, /logprobs true with topLogprobs, got false/],
      [{ seed: 7 }, /one of temperature, topK, topP, minP beside seed, got none/],
      [{ max_tokens: 5 }, /maxTokens, .* got max_tokens/],
      [{ toString: 5 }, /got toString/],
      [null, /object of options/],
    ];
    for (const [options, pattern] of wrong)
      assert.throws(() => model.generate(prompt, options as GenerateOptions), code('OPTION', pattern));
    await assert.rejects(model.complete(prompt, { maxTokens: -1 }), code('OPTION'));
  });
});
