/** The demo with 16 generations at once, through the library: what each gives is what it gives alone. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { GgmaError } from '../../lib/errors.ts';
import { loadDemo } from '../../lib/make/index.ts';
import type { Completion, GenerateOptions, Model } from '../../lib/runtime/index.ts';

const base: GenerateOptions = { maxTokens: 60, ignoreEos: true };
const kinds: GenerateOptions[] = [
  {},
  { temperature: 0.8, topP: 0.9, seed: 3 },
  { temperature: 1, topK: 40, minP: 0.02, seed: 4, logprobs: 3 },
  { repeatPenalty: 1.2, presencePenalty: 0.5, logitBias: { 308: -Infinity } },
];
const prompts = ['Once upon a time,', 'Lily picked up a flower.', 'Tom '.repeat(150), 'The big dog'];

const requests = Array.from({ length: 13 }, (_, i) => ({
  prompt: prompts[i % prompts.length]!,
  options: { ...base, ...kinds[(i >> 1) % kinds.length]!, maxTokens: 40 + i },
}));

function essence({ timings, ...rest }: Completion): Omit<Completion, 'timings'> {
  assert.ok(timings.promptMs > 0);
  return rest;
}

async function alone(model: Model): Promise<Omit<Completion, 'timings'>[]> {
  const results = [];
  for (const { prompt, options } of requests) results.push(essence(await model.complete(prompt, options)));
  return results;
}

describe('many generations at once', function () {
  this.timeout(120_000);

  it('fault 28, 29, 40: give what they give alone; one is aborted, one bans every token, one has a slow consumer', async () => {
    await using first = await loadDemo({ threads: 1 });
    const expected = await alone(first);
    assert.equal(new Set(expected.map(({ text }) => text)).size > 8, true);
    for (const threads of [1, 3]) {
      await using model = await loadDemo({ threads });
      const stopped = new AbortController();
      const aborted = model.complete('Once', { ...base, maxTokens: 1500, signal: stopped.signal });
      const banned = Object.fromEntries(Array.from({ length: model.vocabSize }, (_, id) => [id, -Infinity]));
      const failing = model.complete('Once', { ...base, logitBias: banned });
      const slow = (async () => {
        let text = '';
        for await (const chunk of model.generate(requests[0]!.prompt, requests[0]!.options)) {
          text += chunk.text;
          await sleep(15);
        }
        return text;
      })();
      const all = requests.map(({ prompt, options }) => model.complete(prompt, options));
      await assert.rejects(failing, (error) => error instanceof GgmaError && error.code === 'NO_CANDIDATE');
      stopped.abort();
      await assert.rejects(aborted, { name: 'AbortError' });
      assert.deepEqual((await Promise.all(all)).map(essence), expected, `threads ${threads}`);
      assert.equal(await slow, expected[0]!.text);
      assert.equal(model.memory().kvBytes, 0);
    }
  });

  it('scores are the log-probabilities of what was generated', async () => {
    await using model = await loadDemo({ threads: 2 });
    const { ids, logprobs } = await model.complete('Once upon a time,', { ...base, logprobs: 2 });
    const prompt = [...model.tokenizer!.encode('Once upon a time,')];
    const [score] = await Promise.all([
      model.score([...prompt, ...ids], { topLogprobs: 2 }),
      model.complete('Tom', base), // beside it
    ]);
    assert.equal(logprobs!.length, base.maxTokens);
    assert.deepEqual(score.logprobs.slice(prompt.length), logprobs);
    assert.ok(score.perplexity > 1 && score.perplexity < 20, `${score.perplexity}`);
  });
});
