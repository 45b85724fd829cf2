import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import {
  type GenerateOptions,
  type GenerationChunk,
  Model,
  type Prompt,
} from '../../../lib/runtime/index.ts';
import { loadSentencePiece, type Tokenizer } from '../../../lib/text/index.ts';
import {
  FakeEngine,
  type FakeProgram,
  fakePlan,
  type NextToken,
  scripted,
} from '../../support/fake-engine.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';

const prompt = [1, 477, 747, 360];
/** "She liked the flower…" */
const story = [308, 365, 265, 680, 376, 867, 962, 399, 408, 303, 972, 301, 763, 261, 559, 680];

interface Setup {
  next?: NextToken;
  tokenMs?: number;
  contextSize?: number;
  withTokenizer?: boolean;
  eosIds?: number[];
  vocabSize?: number;
}

describe('runtime/model', () => {
  let tokenizer: Tokenizer;
  before(async () => {
    tokenizer = await loadSentencePiece(lilyTokenizerPath);
  });

  async function open(
    setup: Setup = {},
  ): Promise<{ model: Model; engine: FakeEngine; program: FakeProgram }> {
    const engine = new FakeEngine(setup.next ?? scripted(prompt.length, [...story, 2]), setup.tokenMs ?? 0);
    const model = await Model.create({
      engine,
      plan: fakePlan({ tables: [4, 4], vocabSize: setup.vocabSize ?? 1024 }),
      tokenizer: setup.withTokenizer === false ? null : tokenizer,
      eosIds: setup.eosIds ?? [2],
      contextSize: setup.contextSize ?? 2048,
    });
    return { model, engine, program: engine.program! };
  }

  async function read(chunks: AsyncIterable<GenerationChunk>): Promise<{ text: string; ids: number[] }> {
    const all = { text: '', ids: [] as number[] };
    for await (const { text, ids } of chunks) {
      all.text += text;
      all.ids.push(...ids);
    }
    return all;
  }

  const code = (expected: string, pattern = /./) => {
    return (error: unknown) =>
      error instanceof GgmaError && error.code === expected && pattern.test(error.message);
  };

  it('generates up to the end-of-sequence id, which is not part of the result', async () => {
    const { model, program } = await open();
    const result = await model.complete(prompt);
    assert.deepEqual(result.ids, story);
    assert.equal(result.text, tokenizer.decode(story));
    assert.equal(result.finishReason, 'stop');
    assert.deepEqual(result.usage, {
      promptTokens: 4,
      completionTokens: 16,
      totalTokens: 20,
      cachedTokens: 0,
    });
    assert.deepEqual(program.calls[0], ['4+1'], 'the prompt in one step');
    assert.equal(program.sequences.size, 0, 'the sequence was given back');
  });

  it('streams what complete() gives, in several chunks', async () => {
    const { model, program } = await open();
    const chunks: GenerationChunk[] = [];
    for await (const chunk of model.generate(prompt)) chunks.push(chunk);
    assert.deepEqual(chunks[0], { text: 'She', ids: [308] }, 'the first token comes alone');
    assert.ok(chunks.length > 2);
    assert.deepEqual(await read(model.generate(prompt)), { text: tokenizer.decode(story), ids: story });
    assert.equal(program.sequences.size, 0);
  });

  it('returns the completion from the iterator', async () => {
    const { model } = await open();
    const generation = model.generate(prompt, { maxTokens: 1 });
    assert.equal((await generation.next()).done, false);
    const last = await generation.next();
    assert.equal(last.done, true);
    assert.ok(last.done === true && last.value !== undefined);
    assert.equal(last.value.finishReason, 'length');
    assert.deepEqual(last.value.ids, [308]);
  });

  it('puts the beginning of sequence before a text, and takes ids as they are', async () => {
    let seen: number[] = [];
    const { model } = await open({
      next: (history) => {
        seen = [...history];
        return 2;
      },
    });
    await model.complete('Lily');
    assert.deepEqual(seen, [...tokenizer.encode('Lily')]);
    assert.equal(seen[0], 1);
    await model.complete('Lily', { addBos: false });
    assert.deepEqual(seen, [...tokenizer.encode('Lily', { addBos: false })]);
    await model.complete(Int32Array.of(5, 6));
    assert.deepEqual(seen, [5, 6]);
  });

  it('goes on after the end-of-sequence id with ignoreEos, and ends at eosIds in its place', async () => {
    const { model } = await open({ next: scripted(4, [7, 2, 8, 9]) });
    assert.deepEqual((await model.complete(prompt, { maxTokens: 4, ignoreEos: true })).ids, [7, 2, 8, 9]);
    const { ids, finishReason } = await model.complete(prompt, { maxTokens: 4, eosIds: [9, 0] });
    assert.deepEqual([ids, finishReason], [[7, 2, 8], 'stop']);
    const listed = await open({ next: scripted(4, [7, 8, 9]), eosIds: [2, 8] });
    assert.deepEqual((await listed.model.complete(prompt)).ids, [7], 'a list of ids');
    const first = await open({ next: scripted(4, [2]) });
    assert.deepEqual((await first.model.complete(prompt)).ids, [], 'an end as the very first token');
  });

  it('stops before a stop string that spans tokens, and leaks nothing of it', async () => {
    const { model, program } = await open();
    const whole = tokenizer.decode(story);
    const stop = whole.slice(12, 19);
    const cut = whole.slice(0, 12);
    const result = await model.complete(prompt, { stop });
    assert.deepEqual([result.text, result.finishReason], [cut, 'stop']);
    assert.ok(result.ids.length < story.length);
    assert.ok(tokenizer.decode(result.ids).includes(stop));
    assert.equal((await read(model.generate(prompt, { stop: ['never', stop] }))).text, cut);
    assert.equal((await model.complete(prompt, { stop: 'never there' })).text, whole);
    assert.equal(program.sequences.size, 0);
  });

  it('never breaks a character that several tokens spell', async () => {
    const emoji = [...tokenizer.encode('a😀é', { addBos: false })];
    assert.ok(emoji.length > 5, 'spelt in bytes');
    const { model } = await open({ next: scripted(4, [...emoji, 2]) });
    const texts: string[] = [];
    for await (const { text } of model.generate(prompt)) texts.push(text);
    assert.equal(texts.join(''), 'a😀é');
    for (const text of texts) assert.doesNotMatch(text, /\ufffd|\p{Surrogate}/u);
    const cut = await model.complete(prompt, { maxTokens: emoji.length - 1 });
    assert.equal(cut.text, 'a😀\ufffd', 'the end inside a character shows once');
  });

  it('gives no text for ids beyond the tokenizer', async () => {
    const { model } = await open({ next: scripted(4, [308, 1030, 365, 2]), vocabSize: 1040 });
    const result = await model.complete(prompt);
    assert.deepEqual([result.ids, result.text], [[308, 1030, 365], tokenizer.decode([308, 365])]);
  });

  it('runs on ids without a tokenizer', async () => {
    const { model } = await open({ withTokenizer: false });
    assert.equal(model.tokenizer, null);
    const result = await model.complete(prompt);
    assert.deepEqual([result.ids, result.text], [story, '']);
    assert.throws(() => model.generate('text'), code('INPUT', /ids/));
    assert.throws(() => model.generate(prompt, { stop: 'x' }), code('OPTION', /tokenizer/));
  });

  it('evaluates position tables in blocks, before they are needed', async () => {
    const { model, program } = await open({ next: () => 5 });
    await model.complete(prompt, { maxTokens: 10 });
    assert.deepEqual(program.tableLengths, [32, 32]);
    await model.complete(prompt, { maxTokens: 600 });
    assert.deepEqual(program.tableLengths, [1024, 1024]);
  });

  it('decodes several tokens per call', async () => {
    const { model, program } = await open({ next: () => 5 });
    await model.complete(prompt, { maxTokens: 500 });
    assert.ok(program.calls.length < 40, `${program.calls.length} calls`);
  });

  describe('limits', () => {
    it('maxTokens', async () => {
      const { model, program } = await open();
      const none = await model.complete(prompt, { maxTokens: 0 });
      assert.deepEqual([none.ids, none.text, none.finishReason], [[], '', 'length']);
      assert.deepEqual(program.calls, []);
      for (const n of [1, 2, 7])
        assert.deepEqual((await model.complete(prompt, { maxTokens: n })).ids, story.slice(0, n));
    });

    it('the context', async () => {
      const { model } = await open({ contextSize: 10, next: () => 5 });
      const full = await model.complete(prompt);
      assert.deepEqual([full.usage.totalTokens, full.finishReason], [10, 'length']);
      assert.equal((await model.complete(prompt, { maxTokens: 6 })).ids.length, 6);
      assert.throws(() => model.generate(prompt, { maxTokens: 7 }), code('CONTEXT_OVERFLOW', /10 .* 4 .* 7/));
      const long = Array<number>(10).fill(3);
      assert.throws(() => model.generate(long), code('CONTEXT_OVERFLOW', /10 .* 10/));
      assert.equal((await model.complete(long, { maxTokens: 0 })).finishReason, 'length');
      assert.throws(
        () => model.generate([...long, 3], { maxTokens: 0 }),
        code('CONTEXT_OVERFLOW', /10 .* 11/),
      );
      const started = performance.now();
      assert.throws(
        () => model.generate('word '.repeat(500_000)),
        code('CONTEXT_OVERFLOW', /10 .* at least/),
      );
      assert.ok(performance.now() - started < 1000, 'a hopeless prompt is not encoded');
    });

    it('wrong options: field, value, rule', async () => {
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
        [{ logprobs: 21 }, /true, false or an integer from 0 to 20 for logprobs, got 21/],
        [{ topLogprobs: -1 }, /topLogprobs, got -1/],
        [{ max_tokens: 5 }, /maxTokens, .* got max_tokens/],
        [{ toString: 5 }, /got toString/],
        [null, /object of options/],
      ];
      for (const [options, pattern] of wrong)
        assert.throws(() => model.generate(prompt, options as GenerateOptions), code('OPTION', pattern));
      await assert.rejects(model.complete(prompt, { maxTokens: -1 }), code('OPTION'));
    });

    it('wrong prompts', async () => {
      const { model } = await open();
      const generate = (bad: unknown) => () => model.generate(bad as Prompt);
      for (const id of [-1, 1024, 1.5, Number.NaN, 3n, '3'])
        assert.throws(generate([1, id]), code('TOKEN_ID', /1023/));
      assert.throws(generate(BigInt64Array.of(3n)), code('TOKEN_ID'));
      assert.throws(generate([]), code('INPUT', /at least one/));
      assert.throws(() => model.generate('', { addBos: false }), code('INPUT', /at least one/));
      for (const bad of [undefined, null, 7, {}]) assert.throws(generate(bad), code('INPUT'));
    });
  });

  describe('ending early', () => {
    const endless = { next: () => 5, tokenMs: 2 };

    it('abort before, in the prompt, between tokens, after', async () => {
      const { model, program } = await open(endless);
      const reason = new Error('enough');
      await assert.rejects(
        model.complete(prompt, { signal: AbortSignal.abort(reason) }),
        (e) => e === reason,
      );
      assert.deepEqual(program.calls, []);

      const inPrompt = new AbortController();
      const long = model.complete(Array<number>(500).fill(3), { signal: inPrompt.signal });
      setTimeout(() => inPrompt.abort(reason), 20);
      const started = performance.now();
      await assert.rejects(long, (e) => e === reason);
      assert.ok(performance.now() - started < 500, 'it would take a second');

      const between = new AbortController();
      let seen = 0;
      await assert.rejects(
        (async () => {
          for await (const { ids } of model.generate(prompt, { signal: between.signal })) {
            seen += ids.length;
            if (seen >= 5) between.abort();
          }
        })(),
        { name: 'AbortError' },
      );
      assert.ok(seen >= 5);

      const after = new AbortController();
      await model.complete(prompt, { maxTokens: 3, signal: after.signal });
      after.abort();
      after.abort();
      assert.equal(program.sequences.size, 0);
      assert.equal((await model.complete(prompt, { maxTokens: 3 })).ids.length, 3, 'the model stays usable');
    });

    it('a consumer that breaks or throws', async () => {
      const { model, program } = await open(endless);
      for await (const _ of model.generate(prompt)) break;
      assert.equal(program.sequences.size, 0);
      await assert.rejects(
        (async () => {
          for await (const _ of model.generate(prompt)) throw new Error('mine');
        })(),
        /mine/,
      );
      assert.equal(program.sequences.size, 0);
      const calls = program.calls.length;
      await new Promise((done) => setTimeout(done, 20));
      assert.equal(program.calls.length, calls, 'nothing runs on');
    });

    it('return() while a step is under way cancels it', async () => {
      const { model, program } = await open({ next: () => 5, tokenMs: 5 });
      const generation = model.generate(Array<number>(400).fill(3));
      const pending = generation.next();
      await new Promise((done) => setTimeout(done, 20));
      assert.equal(program.running, 1);
      const started = performance.now();
      await generation.return();
      assert.ok(performance.now() - started < 200, 'it would take two seconds');
      assert.equal((await pending).done, true);
      assert.equal(program.sequences.size, 0);
      assert.equal((await generation.next()).done, true);
    });

    it('does nothing until it is read, nor ahead of its reader', async () => {
      const { model, program } = await open();
      const generation = model.generate(prompt);
      await new Promise((done) => setTimeout(done, 10));
      assert.deepEqual(program.calls, []);
      await generation.next();
      await new Promise((done) => setTimeout(done, 10));
      assert.deepEqual(program.calls, [['4+1']]);
      await generation.return();
      await generation.return();
      assert.equal(program.sequences.size, 0);
    });

    it('a slow step of others does not keep an aborted generation', async () => {
      const { model, program } = await open({ next: () => 5, tokenMs: 300 });
      const stopped = new AbortController();
      const aborted = model.complete(prompt, { maxTokens: 1, signal: stopped.signal });
      const other = model.complete(prompt, { maxTokens: 1 });
      await new Promise((done) => setTimeout(done, 20));
      assert.equal(program.running, 1);
      stopped.abort();
      await assert.rejects(aborted, { name: 'AbortError' });
      assert.equal(program.running, 1, 'the step goes on');
      assert.deepEqual((await other).ids, [5]);
      assert.equal(program.sequences.size, 0);
    });

    it('an error of the engine comes out as it is, and frees the sequence', async () => {
      const broken = new GgmaError('NUMERIC', 'NaN in the logits');
      const { model, program } = await open({
        next: (history) => {
          if (history.length === 8) throw broken;
          return 5;
        },
      });
      await assert.rejects(model.complete(prompt), (e) => e === broken);
      assert.equal(program.sequences.size, 0);
    });
  });

  describe('many at once', () => {
    const next: NextToken = (history) => (history[0]! * 7 + history.length) % 900;

    it('do not touch each other: one is aborted, one fails, one has a slow consumer', async () => {
      const broken = new GgmaError('NUMERIC', 'NaN in the logits');
      const { model, program } = await open({
        next: (history) => {
          if (history[0] === 99 && history.length === 9) throw broken;
          return next(history);
        },
        tokenMs: 1,
      });
      const options: GenerateOptions = { maxTokens: 20, ignoreEos: true };
      const alone: number[][] = [];
      for (let i = 0; i < 13; i++) alone.push((await model.complete([i], options)).ids);
      const stopped = new AbortController();
      const aborted = model.complete([50], { ...options, signal: stopped.signal });
      const failing = model.complete([99], options);
      const slow = (async () => {
        const ids: number[] = [];
        for await (const chunk of model.generate([3], options)) {
          ids.push(...chunk.ids);
          await new Promise((done) => setTimeout(done, 40));
        }
        return ids;
      })();
      const started = program.calls.length;
      const all = Array.from({ length: 13 }, (_, i) => model.complete([i], options));
      setTimeout(() => stopped.abort(), 15);
      await assert.rejects(aborted, { name: 'AbortError' });
      await assert.rejects(failing, (error) => error === broken);
      let finished = false;
      void slow.then(() => {
        finished = true;
      });
      assert.deepEqual(
        (await Promise.all(all)).map(({ ids }) => ids),
        alone,
      );
      assert.equal(finished, false, 'nobody waits for the slow one');
      assert.deepEqual(await slow, alone[3]);
      assert.equal(program.calls[started]!.length, 16, 'they go together from the first job on');
      assert.equal(program.sequences.size, 0);
    });

    it('keep together, and a new one joins at the next job', async () => {
      const { model, program } = await open({ next, tokenMs: 1 });
      const options: GenerateOptions = { maxTokens: 40, ignoreEos: true };
      const first = [1, 2, 3].map((id) => model.complete([id], options));
      await new Promise((done) => setTimeout(done, 30));
      const joined = model.complete([4], options);
      await Promise.all([...first, joined]);
      const sizes = program.calls.map(({ length }) => length);
      const at = sizes.indexOf(4);
      assert.ok(at > 0, `${sizes}`);
      assert.ok(
        sizes.slice(0, at).every((size) => size === 3),
        `${sizes}`,
      );
      assert.ok(program.calls[at]!.includes('1+1'), 'with its prompt');
    });

    it('a long prompt goes in pieces beside those that draw', async () => {
      const { model, program } = await open({ next, tokenMs: 1 });
      program.pieceRows = 16;
      const options: GenerateOptions = { maxTokens: 30, ignoreEos: true };
      const order: string[] = [];
      const long = Array<number>(200).fill(3);
      await Promise.all([
        model.complete([1], options).then(() => order.push('short')),
        model.complete(long, { ...options, maxTokens: 1 }).then(({ ids, usage }) => {
          assert.deepEqual([ids, usage.promptTokens], [[next(long)], 200]);
          order.push('long');
        }),
      ]);
      const pieces = program.calls.filter(
        (call) => call.length === 2 && call.some((one) => /^\d\d+\+1$/.test(one)),
      );
      assert.ok(
        pieces.length > 3,
        `${pieces.length} jobs with a piece of the prompt and a token of the other`,
      );
      assert.equal(order.length, 2);
    });
  });

  describe('sampling', () => {
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
        assert.equal(rest.seed, seed);
        return rest;
      };
      assert.deepEqual(model.sampling, recommended);
      for (const greedy of [
        {},
        { temperature: 0 },
        { seed: 5 },
        { temperature: 0, topK: 5 },
        { repeatPenalty: 1 },
      ])
        assert.equal(await asked(greedy), null, JSON.stringify(greedy));
      assert.deepEqual(await asked({ temperature: 1, seed: 7 }), { ...recommended, temperature: 1, seed: 7 });
      assert.deepEqual(await asked({ topK: 5, topP: 1, seed: 0 }), {
        ...recommended,
        topK: 5,
        topP: 1,
        seed: 0,
      });
      assert.deepEqual(await asked({ presencePenalty: 1, logitBias: { 3: -Infinity, 4: 2 } }), {
        temperature: 0,
        repeatPenalty: 1,
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

  describe('close', () => {
    it('ends what is under way with DISPOSED, and what comes later', async () => {
      const { model, engine } = await open({ next: () => 5, tokenMs: 2 });
      const under = model.complete(prompt);
      const streamed = model.generate(prompt);
      await streamed.next();
      const waiting = model.generate(prompt);
      await new Promise((done) => setTimeout(done, 10));
      const closing = model.close();
      await assert.rejects(under, code('DISPOSED'));
      await closing;
      await model.close();
      assert.ok(engine.closed);
      await assert.rejects(streamed.next(), code('DISPOSED'));
      await assert.rejects(waiting.next(), code('DISPOSED'));
      assert.throws(() => model.generate(prompt), code('DISPOSED'));
      assert.throws(() => model.memory(), code('DISPOSED'));
      await assert.rejects(model.complete(prompt), code('DISPOSED'));
    });

    it('Symbol.asyncDispose closes', async () => {
      const { model, engine } = await open();
      await model[Symbol.asyncDispose]();
      assert.ok(engine.closed);
    });

    it('an engine whose program does not load is closed', async () => {
      const engine = new FakeEngine(() => 5);
      engine.loadError = new GgmaError('PROGRAM_INVALID', 'bad');
      const parts = { engine, plan: fakePlan(), tokenizer: null, eosIds: [], contextSize: 8 };
      await assert.rejects(Model.create(parts), code('PROGRAM_INVALID'));
      assert.ok(engine.closed);
    });

    it('a forgotten generation gives its sequence back when it is collected', async () => {
      const { setFlagsFromString } = await import('node:v8');
      const { runInNewContext } = await import('node:vm');
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const { model, program } = await open({ next: () => 5 });
      const forget = async () => {
        await model.generate(prompt).next();
      };
      await forget();
      assert.equal(program.sequences.size, 1);
      for (let i = 0; i < 50 && program.sequences.size > 0; i++) {
        collect();
        await new Promise((done) => setTimeout(done, 10));
      }
      assert.equal(program.sequences.size, 0);
      assert.equal((await model.complete(prompt, { maxTokens: 2 })).ids.length, 2);
    });
  });
});
