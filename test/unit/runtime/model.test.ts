import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { type GenerationChunk, Model } from '../../../lib/runtime/index.ts';
import { FakeEngine, fakePlan, scripted } from '../../support/fake-engine.ts';
import { code, continuation, open, prompt, read, story, tokenizer } from '../../support/fake-model.ts';

describe('runtime/model', () => {
  it('generates up to the end-of-sequence id, which is not part of the result', async () => {
    const { model, program } = await open();
    const result = await model.complete(prompt);
    assert.deepEqual(result.ids, story);
    assert.equal(result.text, continuation(story));
    assert.equal(result.finishReason, 'stop');
    assert.ok(!('stopString' in result), 'an id ended it');
    assert.deepEqual(result.parts, [{ type: 'text', text: result.text, ids: story }]);
    assert.deepEqual(result.usage, {
      promptTokens: 4,
      completionTokens: 16,
      totalTokens: 20,
      cachedTokens: 0,
      truncatedTokens: 0,
    });
    assert.deepEqual(program.calls[0], ['4+1'], 'the prompt in one step');
    assert.equal(program.sequences.size, 0, 'the sequence was given back');
  });

  it('streams what complete() gives, in several chunks', async () => {
    const { model, program } = await open();
    const chunks: GenerationChunk[] = [];
    for await (const chunk of model.generate(prompt)) chunks.push(chunk);
    const parts = [{ type: 'text', text: ' She', ids: [308] }];
    assert.deepEqual(chunks[0], { parts, text: ' She', ids: [308] }, 'the first token comes alone');
    assert.ok(chunks.length > 2);
    assert.deepEqual(await read(model.generate(prompt)), { text: continuation(story), ids: story });
    assert.equal(program.sequences.size, 0);
  });

  it('returns the completion from the iterator', async () => {
    const { model } = await open();
    const generation = model.generate(prompt, { maxTokens: 1 });
    assert.equal((await generation.next()).done, false);
    const last = await generation.next();
    assert.equal(last.done, true);
    assert.ok(last.done === true);
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

  it("fault 6: ends at each of the package's ids or of eosIds in their place, and at none with ignoreEos", async () => {
    const { model } = await open({ next: scripted(4, [7, 2, 8, 9]) });
    assert.deepEqual((await model.complete(prompt, { maxTokens: 4, ignoreEos: true })).ids, [7, 2, 8, 9]);
    const { ids, finishReason } = await model.complete(prompt, { maxTokens: 4, eosIds: [9, 0] });
    assert.deepEqual([ids, finishReason], [[7, 2, 8], 'stop']);
    const listed = await open({ next: scripted(4, [7, 8, 9]), eosIds: [2, 8] });
    assert.deepEqual((await listed.model.complete(prompt)).ids, [7], 'a list of ids');
    const first = await open({ next: scripted(4, [2]) });
    assert.deepEqual((await first.model.complete(prompt)).ids, [], 'an end as the very first token');
  });

  it('fault 25: stops before a stop string that spans tokens, and leaks nothing of it', async () => {
    const { model, program } = await open();
    const whole = continuation(story);
    const stop = whole.slice(12, 19);
    const cut = whole.slice(0, 12);
    const result = await model.complete(prompt, { stop });
    assert.deepEqual([result.text, result.finishReason, result.stopString], [cut, 'stop', stop]);
    assert.ok(result.ids.length < story.length);
    assert.ok(continuation(result.ids).includes(stop));
    assert.equal((await read(model.generate(prompt, { stop: ['never', stop] }))).text, cut);
    assert.equal((await model.complete(prompt, { stop: 'never there' })).text, whole);
    assert.equal(program.sequences.size, 0);
  });

  it('prompt and text together are the text of all ids, chunk by chunk, with stop strings too', async () => {
    const start = 'Lily picked up a flower.';
    const ids = [...tokenizer.encode(start)];
    const whole = start + continuation(story, ids);
    const { model } = await open({ next: scripted(ids.length, [...story, 2]) });
    const { text } = await model.complete(start);
    assert.equal(start + text, whole);
    assert.equal(text[0], ' ', "a text of SentencePiece's own would begin without its space");
    let seen = start;
    for await (const chunk of model.generate(start)) {
      seen += chunk.text;
      assert.ok(whole.startsWith(seen), seen);
    }
    assert.equal(seen, whole);
    const stopped = await model.complete(start, { stop: ' She liked' });
    assert.deepEqual([stopped.text, stopped.stopString], ['', ' She liked']);
    // What begins a text, after the beginning of sequence alone, has no space in front of it.
    const bare = await open({ next: scripted(1, [...story, 2]) });
    assert.equal((await bare.model.complete([1])).text, tokenizer.decode(story));
    // Ids beyond the tokenizer in a prompt have no text, and are no error.
    const wide = await open({ next: scripted(3, [308, 2]), vocabSize: 1040 });
    assert.equal((await wide.model.complete([1, 477, 1030])).text, ' She');
  });

  it('fault 24: never breaks a character that several tokens spell', async () => {
    const emoji = [...tokenizer.encode('a😀é', { addBos: false })];
    assert.ok(emoji.length > 5, 'spelt in bytes');
    const { model } = await open({ next: scripted(4, [...emoji, 2]) });
    const texts: string[] = [];
    for await (const { text } of model.generate(prompt)) texts.push(text);
    assert.equal(texts.join(''), ' a😀é');
    for (const text of texts) assert.doesNotMatch(text, /\ufffd|\p{Surrogate}/u);
    const cut = await model.complete(prompt, { maxTokens: emoji.length - 1 });
    assert.equal(cut.text, ' a😀\ufffd', 'the end inside a character shows once');
  });

  it('fault 31: ends at maxTokens in the middle of JSON with its text, and says so', async () => {
    const ids = [...tokenizer.encode('{"name": "Lily", "age": 7}', { addBos: false })];
    const { model } = await open({ next: scripted(4, [...ids, 2]) });
    const cut = await model.complete(prompt, { maxTokens: ids.length - 2 });
    assert.deepEqual([cut.finishReason, cut.text], ['length', continuation(ids.slice(0, -2))]);
    assert.throws(() => JSON.parse(cut.text) as unknown);
    const whole = await model.complete(prompt);
    assert.deepEqual([whole.finishReason, JSON.parse(whole.text)], ['stop', { name: 'Lily', age: 7 }]);
  });

  it('gives no text for ids beyond the tokenizer', async () => {
    const { model } = await open({ next: scripted(4, [308, 1030, 365, 2]), vocabSize: 1040 });
    const result = await model.complete(prompt);
    assert.deepEqual([result.ids, result.text], [[308, 1030, 365], continuation([308, 365])]);
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

  it('an engine whose program does not load is closed', async () => {
    const engine = new FakeEngine(() => 5);
    engine.loadError = new GgmaError('PROGRAM_INVALID', 'bad');
    const parts = { engine, plan: fakePlan(), tokenizer: null, eosIds: [], contextSize: 8 };
    await assert.rejects(Model.create(parts), code('PROGRAM_INVALID'));
    assert.ok(engine.closed);
  });
});
