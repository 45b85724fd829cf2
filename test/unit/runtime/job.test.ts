import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import process from 'node:process';
import { GgmaError } from '../../../lib/errors.ts';
import type { AbortedError, GenerationChunk } from '../../../lib/runtime/index.ts';
import { code, continuation, open, prompt, read, story } from '../../support/fake-model.ts';

describe('runtime/job', () => {
  const endless = { next: () => 5, tokenMs: 2 };

  it('fault 33: abort before, in the prompt, between tokens, after', async () => {
    let fed = 0;
    const { model, program } = await open({
      next: () => {
        fed++;
        return 5;
      },
      tokenMs: 2,
    });
    const reason = new Error('enough');
    const isAborted = (error: unknown) => {
      assert.ok(code('ABORTED', /^enough$/)(error));
      assert.equal((error as AbortedError).cause, reason);
      return true;
    };
    await assert.rejects(model.complete(prompt, { signal: AbortSignal.abort(reason) }), isAborted);
    assert.deepEqual(program.calls, []);

    const inPrompt = new AbortController();
    const long = model.complete(Array<number>(500).fill(3), { signal: inPrompt.signal });
    setTimeout(() => inPrompt.abort(reason), 20);
    await assert.rejects(long, isAborted);
    assert.ok(fed > 0 && fed < 500, `${fed} of 500 tokens: it ends in the middle`);

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

  it('fault 33: the error of an aborted generation has what there was, also where one signal ends several', async () => {
    const { model, program } = await open({
      next: (history) => history[0]! * 10 + history.length,
      tokenMs: 1,
    });
    const stopped = new AbortController();
    const starts = [5, 6, 7];
    const runs = starts.map((id) => model.complete([id], { signal: stopped.signal, ignoreEos: true }));
    const streamed = model.generate([8], { signal: stopped.signal, ignoreEos: true });
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { ids } of streamed) {
        seen.push(...ids);
        if (seen.length > 20) stopped.abort();
      }
    })();
    const errors: unknown[] = [];
    for (const run of [...runs, reading, streamed.result])
      await assert.rejects(run, (error) => errors.push(error) > 0);
    for (const [i, error] of errors.entries()) {
      assert.ok(error instanceof GgmaError && error.name === 'AbortError');
      const { partial } = error as AbortedError;
      const start = starts[i] ?? 8;
      assert.ok(partial.ids.length > 0);
      assert.deepEqual(
        partial.ids,
        partial.ids.map((_, n) => start * 10 + n + 1),
        'its own ids, not those of another generation',
      );
      assert.equal(partial.text, continuation(partial.ids, [start]));
      assert.deepEqual(
        [partial.finishReason, partial.usage.completionTokens],
        ['cancelled', partial.ids.length],
      );
    }
    assert.equal(errors[3], errors[4], 'the result rejects with what the iteration throws');
    assert.deepEqual((errors[3] as AbortedError).partial.ids, seen);
    const timeout = model.complete(prompt, { signal: AbortSignal.timeout(1), ignoreEos: true });
    await assert.rejects(timeout, { name: 'TimeoutError', code: 'ABORTED' });
    await assert.rejects(model.complete(prompt, { signal: AbortSignal.abort('why') }), /aborted: why/);
    assert.equal(program.sequences.size, 0);
  });

  it('one signal for many generations gets one listener, which goes with the last of them', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    const { model } = await open(endless);
    const stopped = new AbortController();
    const listeners = () => getEventListeners(stopped.signal, 'abort').length;
    const options = { signal: stopped.signal, maxTokens: 3 };
    const unread = model.generate(prompt, options);
    const all = Promise.all(Array.from({ length: 30 }, () => model.complete(prompt, options)));
    assert.equal(listeners(), 1);
    await all;
    assert.equal(listeners(), 1, 'one is not read yet');
    await unread.return();
    assert.equal(listeners(), 0);
    const late = model.complete(prompt, { signal: stopped.signal });
    stopped.abort();
    await assert.rejects(late, { name: 'AbortError' });
    assert.equal(listeners(), 0);
    await new Promise((done) => setTimeout(done, 5));
    process.removeListener('warning', onWarning);
    assert.deepEqual(warnings, []);
  });

  it('generation.result and the return value say how it ended', async () => {
    const { model } = await open();
    const whole = model.generate(prompt);
    const chunks: GenerationChunk[] = [];
    for await (const chunk of whole) chunks.push(chunk);
    const result = await whole.result;
    assert.deepEqual([result.finishReason, result.ids, result.usage.completionTokens], ['stop', story, 16]);
    assert.deepEqual(chunks.map(({ text }) => text).join(''), result.text);

    const left = model.generate(prompt);
    for await (const { ids } of left) if (ids.length > 1) break;
    const partial = await left.result;
    assert.equal(partial.finishReason, 'cancelled');
    assert.ok(partial.ids.length > 1 && partial.ids.length < story.length);
    assert.deepEqual(await left.next(), { done: true, value: partial });

    const unread = model.generate(prompt);
    assert.deepEqual((await unread.return()).value, await unread.result);
    assert.deepEqual((await unread.result).ids, []);
    assert.deepEqual(await read(unread), { text: '', ids: [] });

    const failing = await open({
      next: () => {
        throw new GgmaError('NUMERIC', 'NaN in the logits');
      },
    });
    const failed = failing.model.generate(prompt);
    await assert.rejects(failed.next(), code('NUMERIC')); // without a handler for result: no unhandled rejection
    await assert.rejects(failed.result, code('NUMERIC'));
  });

  it('fault 35, 36: a consumer that breaks or throws ends its generation, and gets its own error', async () => {
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

  it('fault 35: return() while a step is under way cancels it', async () => {
    let fed = 0;
    const next = () => {
      fed++;
      return 5;
    };
    const { model, program } = await open({ next, tokenMs: 5 });
    const generation = model.generate(Array<number>(400).fill(3));
    const pending = generation.next();
    await new Promise((done) => setTimeout(done, 20));
    assert.equal(program.running, 1);
    await generation.return();
    assert.ok(fed < 400, `${fed} of 400 tokens: it ends in the middle`);
    assert.equal((await pending).done, true);
    assert.equal(program.sequences.size, 0);
    assert.equal((await generation.next()).done, true);
  });

  it('fault 35: does nothing until it is read, nor ahead of its reader', async () => {
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

  it('fault 33: a slow step of others does not keep an aborted generation', async () => {
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

  it('fault 34: close ends what is under way with DISPOSED, and what comes later', async () => {
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

  it('fault 34: a forgotten generation gives its sequence back when it is collected', async () => {
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
