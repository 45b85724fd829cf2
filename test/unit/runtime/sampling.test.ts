import assert from 'node:assert/strict';
import { type GenerateOptions, type GenerationChunk, Model } from '../../../lib/runtime/index.ts';
import { FakeEngine, fakePlan } from '../../support/fake-engine.ts';
import { code, open, prompt, story } from '../../support/fake-model.ts';

describe('runtime/sampling', () => {
  it('is asked for by temperature, topK, topP or minP; the package then says what the call does not', async () => {
    const engine = new FakeEngine(() => 5);
    const recommended = { temperature: 0.6, topP: 0.9, repeatPenalty: 1.1 };
    const model = await Model.create({
      engine,
      ...{ plan: fakePlan(), tokenizer: null, eosIds: [], contextSize: 64, sampling: recommended },
    });
    const { samplers } = engine.program!;
    const asked = async (options: GenerateOptions) => {
      samplers.length = 0;
      const { seed } = await model.complete([1, 2], { maxTokens: 1, ...options });
      const [sampler] = samplers;
      if (sampler === undefined) return null;
      const { promptIds, ...rest } = sampler;
      assert.deepEqual([...promptIds!], [1, 2]);
      for (const value of Object.values(rest))
        assert.notEqual(value, undefined, 'nothing is left to fill in');
      assert.equal(rest.seed, seed);
      return rest;
    };
    const neutral = {
      topK: 0,
      topP: 1,
      minP: 0,
      repeatPenalty: 1,
      presencePenalty: 0,
      frequencyPenalty: 0,
      biasIds: Int32Array.of(),
      biasValues: Float32Array.of(),
    };
    assert.deepEqual(model.sampling, recommended);
    for (const greedy of [
      {},
      { temperature: 0 },
      { temperature: 0, seed: 5 },
      { temperature: 0, topK: 5 },
      { repeatPenalty: 1 },
    ])
      assert.equal(await asked(greedy), null, JSON.stringify(greedy));
    await assert.rejects(asked({ seed: 5 }), code('OPTION', /beside seed, got none.* no effect/));
    await assert.rejects(asked({ seed: 5, repeatPenalty: 2 }), code('OPTION', /beside seed/));
    const drawing = { ...neutral, ...recommended };
    assert.deepEqual(await asked({ temperature: 1, seed: 7 }), { ...drawing, temperature: 1, seed: 7 });
    assert.deepEqual(await asked({ topK: 5, topP: 1, seed: 0 }), {
      ...drawing,
      topK: 5,
      topP: 1,
      seed: 0,
    });
    assert.deepEqual(await asked({ presencePenalty: 1, logitBias: { 3: -Infinity, 4: 2 } }), {
      ...neutral,
      temperature: 0,
      presencePenalty: 1,
      biasIds: Int32Array.of(3, 4),
      biasValues: Float32Array.of(-Infinity, 2),
    });
    const chance = new Set<number>();
    for (let i = 0; i < 8; i++) chance.add((await asked({ temperature: 1 }))!.seed!);
    assert.ok(chance.size > 1, 'seeds by chance');
    assert.ok([...chance].every((seed) => Number.isSafeInteger(seed) && seed >= 0));
    await model.close();
  });

  it('logprobs come with their ids, in chunks and in the completion', async () => {
    const { model } = await open();
    const whole = await model.complete(prompt, { logprobs: 2 });
    assert.deepEqual(
      whole.logprobs!.map(({ id }) => id),
      story,
    );
    assert.deepEqual(whole.logprobs![3], {
      id: 680,
      logprob: -680,
      top: [
        { id: 680, logprob: 0 },
        { id: 680, logprob: 0 },
      ],
    });
    const chunks: GenerationChunk[] = [];
    for await (const chunk of model.generate(prompt, { topLogprobs: 2 })) chunks.push(chunk);
    assert.ok(chunks.length > 2);
    for (const { ids, logprobs } of chunks)
      assert.deepEqual(
        logprobs!.map(({ id }) => id),
        ids,
      );
    assert.deepEqual(
      chunks.flatMap(({ logprobs }) => logprobs),
      whole.logprobs,
    );
    assert.deepEqual((await model.complete(prompt, { logprobs: true })).logprobs![0]!.top, []);
    for (const options of [{}, { logprobs: false }])
      assert.ok(!('logprobs' in (await model.complete(prompt, options))));
  });

  it('score() gives a log-probability for every id but the first, however the ids are fed', async () => {
    const { model, program } = await open({ next: () => 5 });
    const ids = Array.from({ length: 300 }, (_, i) => i % 900);
    const { logprobs, sumLogprob, perplexity, ids: same } = await model.score(ids);
    assert.deepEqual(same, ids);
    assert.equal(logprobs[0], null);
    const values = logprobs.slice(1).map((one) => one!.logprob);
    assert.deepEqual(
      values,
      ids.slice(1).map((_, i) => -(i + 1)),
    );
    assert.equal(sumLogprob, -(299 * 300) / 2);
    assert.equal(perplexity, Math.exp(150));
    assert.equal(program.sequences.size, 0);
    assert.ok(Number.isNaN((await model.score([1])).perplexity));
    await assert.rejects(model.score([]), code('INPUT'));
    await assert.rejects(model.score([1, 2], { topLogprobs: 99 }), code('OPTION'));
    await assert.rejects(model.score([1, 2], { signal: AbortSignal.abort(new Error('no')) }), /no/);
  });
});
