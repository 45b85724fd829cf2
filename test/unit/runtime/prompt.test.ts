import assert from 'node:assert/strict';
import type { GgmaError } from '../../../lib/errors.ts';
import type { GenerateOptions, PlainPrompt, Prompt } from '../../../lib/runtime/index.ts';
import { code, open, prompt, tokenizer } from '../../support/fake-model.ts';

describe('runtime/prompt', () => {
  it('fault 26: prompt and maxTokens beyond the context are CONTEXT_OVERFLOW, a hopeless prompt unread', async () => {
    const { model } = await open({ contextSize: 10, next: () => 5 });
    const full = await model.complete(prompt);
    assert.deepEqual([full.usage.totalTokens, full.finishReason], [10, 'length']);
    assert.equal((await model.complete(prompt, { maxTokens: 6 })).ids.length, 6);
    assert.throws(() => model.generate(prompt, { maxTokens: 7 }), code('CONTEXT_OVERFLOW', /10 .* 4 .* 7/));
    const long = Array<number>(10).fill(3);
    assert.throws(() => model.generate(long), code('CONTEXT_OVERFLOW', /10 .* 10/));
    assert.equal((await model.complete(long, { maxTokens: 0 })).finishReason, 'length');
    assert.throws(() => model.generate([...long, 3], { maxTokens: 0 }), code('CONTEXT_OVERFLOW', /10 .* 11/));
    await assert.rejects(model.complete(prompt, { maxTokens: 7 }), ({ values }: GgmaError) => {
      assert.deepEqual(values, { promptTokens: 4, contextSize: 10, maxTokens: 7 });
      return true;
    });
    let encoded = 0;
    const counting = new Proxy(tokenizer, {
      get(target, name) {
        if (name === 'encode') encoded++;
        const member = Reflect.get(target, name, target) as unknown;
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const other = await open({ contextSize: 10, tokenizer: counting });
    assert.throws(
      () => other.model.generate('word '.repeat(500_000)),
      code('CONTEXT_OVERFLOW', /10 .* at least/),
    );
    assert.equal(encoded, 0);
    await other.model.complete('word');
    assert.equal(encoded, 1);
  });

  it("fault 26: overflow 'truncate-left' leaves out the oldest tokens behind the beginning, and says how many", async () => {
    let seen: number[] = [];
    const { model } = await open({
      contextSize: 10,
      next: (history) => {
        seen = [...history];
        return 5;
      },
    });
    const options: GenerateOptions = { maxTokens: 4, overflow: 'truncate-left' };
    const fits = await model.complete([7, 8, 9], options);
    assert.deepEqual([fits.usage.truncatedTokens, fits.usage.promptTokens], [0, 3]);
    const ids = Array.from({ length: 30 }, (_, i) => 100 + i);
    const cut = await model.complete(ids, options);
    assert.deepEqual(cut.ids, [5, 5, 5, 5]);
    assert.deepEqual([cut.usage.truncatedTokens, cut.usage.promptTokens, cut.usage.totalTokens], [24, 6, 10]);
    assert.deepEqual(seen.slice(0, 6), ids.slice(-6));
    const text = 'Lily picked up a flower. '.repeat(20);
    const whole = [...tokenizer.encode(text)];
    const { usage } = await model.complete(text, options);
    assert.deepEqual(seen.slice(0, 6), [1, ...whole.slice(-5)]);
    assert.equal(usage.truncatedTokens, whole.length - 6);
    await model.complete([1, ...ids], options);
    assert.deepEqual(seen.slice(0, 6), [1, ...ids.slice(-5)], 'the beginning of sequence stays');
    for (const maxTokens of [9, 10, 11])
      assert.throws(() => model.generate(text, { ...options, maxTokens }), code('CONTEXT_OVERFLOW'));
    assert.equal((await model.complete(text, { ...options, maxTokens: 8 })).ids.length, 8);
  });

  it('complete and score encode a long text in steps, with the same ids', async () => {
    const calls: string[] = [];
    const spied = new Proxy(tokenizer, {
      get(target, name) {
        if (name === 'encode' || name === 'encodeAsync') calls.push(name);
        const member = Reflect.get(target, name, target) as unknown;
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    let seen: number[] = [];
    const { model } = await open({
      tokenizer: spied,
      contextSize: 100_000,
      next: (history) => {
        seen = [...history];
        return 2;
      },
    });
    const text = 'Lily picked up a flower. '.repeat(800);
    const ids = [...tokenizer.encode(text)];
    assert.ok(text.length > 16_384);
    await model.complete(text);
    assert.deepEqual(seen, ids);
    assert.deepEqual((await model.score(text)).ids, ids);
    await model.complete(text, { overflow: 'truncate-left', maxTokens: 100_000 - 50, addBos: false });
    assert.deepEqual(seen, ids.slice(-50));
    assert.deepEqual(new Set(calls.splice(0, 3)), new Set(['encodeAsync']));
    assert.deepEqual(
      calls.splice(0),
      ['encode'],
      'the beginning that truncation keeps: nothing, without addBos',
    );
    await assert.rejects(model.complete(text, { maxTokens: -1 }), code('OPTION'));
    await assert.rejects(model.complete(text.repeat(100)), code('CONTEXT_OVERFLOW'));
    assert.deepEqual(calls.splice(0), [], 'refused before they are encoded');
    model.generate(text);
    assert.deepEqual(calls, ['encode'], 'what is wrong with the prompt of a stream comes from the call');
  });

  it('fault 22: wrong ids are TOKEN_ID, other wrong prompts INPUT', async () => {
    const { model } = await open();
    const generate = (bad: unknown) => () => model.generate(bad as Prompt);
    for (const id of [-1, 1024, 1.5, Number.NaN, 3n, '3'])
      assert.throws(generate([1, id]), code('TOKEN_ID', /1023/));
    assert.throws(generate(BigInt64Array.of(3n)), code('TOKEN_ID'));
    assert.throws(generate([]), code('INPUT', /at least one/));
    assert.throws(() => model.generate('', { addBos: false }), code('INPUT', /at least one/));
    for (const bad of [undefined, null, 7, {}]) assert.throws(generate(bad), code('INPUT'));
  });

  it('says what to pass in place of bytes, messages, objects and texts', async () => {
    const { model } = await open();
    const message = { role: 'user', content: 'Hello' };
    const cases: [unknown, RegExp][] = [
      [Buffer.from('Once upon a time'), /got a Buffer, which holds bytes: decode a text first/],
      [new TextEncoder().encode('Once'), /\(Uint8Array\), which holds bytes/],
      [new ArrayBuffer(4), /\(ArrayBuffer\), which holds bytes/],
      [message, /got an object \(Object\): messages are a list/],
      [{ messages: [message] }, /messages are a list, \[{ role, content }, …\]/],
      [['Once upon', 'a time'], /got a list of texts: join them/],
      [new Map(), /got an object \(Map\)$/],
    ];
    for (const [bad, pattern] of cases) {
      assert.throws(() => model.generate(bad as Prompt), code('INPUT', pattern));
      await assert.rejects(model.score(bad as PlainPrompt), code('INPUT', pattern));
    }
    const objects = [{ text: 'Hello' }] as unknown as Prompt;
    assert.throws(() => model.generate(objects), code('INPUT', /in messages\[0\], got text/));
    await assert.rejects(model.score(objects as PlainPrompt), code('INPUT', /objects: pass one text/));
    await assert.rejects(
      model.score([message] as unknown as PlainPrompt),
      code('INPUT', /got a list of objects: of a conversation, pass its text or its ids/),
    );
    assert.equal((await model.complete(Int16Array.of(5, 6), { maxTokens: 1 })).ids.length, 1);
  });
});
