import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import type { GenerateOptions } from '../../../lib/runtime/index.ts';
import type { NextToken } from '../../support/fake-engine.ts';
import { code, open, read } from '../../support/fake-model.ts';

describe('runtime/scheduler: many at once', () => {
  const next: NextToken = (history) => (history[0]! * 7 + history.length) % 900;

  it('fault 40: do not touch each other: one is aborted, one fails, one has a slow consumer', async () => {
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
    assert.ok(pieces.length > 3, `${pieces.length} jobs with a piece of the prompt and a token of the other`);
    assert.equal(order.length, 2);
  });

  it('fault 40: maxConcurrent lets the others wait in order, maxQueue refuses them with QUEUE_FULL', async () => {
    const { model, program } = await open({ next, tokenMs: 1, maxConcurrent: 2, maxQueue: 2 });
    const options: GenerateOptions = { maxTokens: 5, ignoreEos: true };
    const order: number[] = [];
    const run = (id: number, more: GenerateOptions = {}) =>
      model.complete([id], { ...options, ...more }).then(({ ids }) => {
        order.push(id);
        return ids;
      });
    const stopped = new AbortController();
    const running = [run(1, { maxTokens: 200 }), run(2)];
    const waiting = [run(3), run(4, { signal: stopped.signal })];
    await assert.rejects(run(5), (error) => {
      assert.ok(code('QUEUE_FULL', /2 generations at once and 2 waiting/)(error));
      assert.deepEqual((error as GgmaError).values, { maxConcurrent: 2, maxQueue: 2 });
      return true;
    });
    await assert.rejects(model.score([1, 2]), code('QUEUE_FULL'));
    stopped.abort();
    await assert.rejects(waiting[1]!, { name: 'AbortError' });
    const late = run(6); // in the place that is free again
    for (const ids of await Promise.all([...running, waiting[0]!, late])) assert.ok(ids.length >= 5);
    assert.deepEqual(order, [2, 3, 6, 1]);
    assert.ok(program.calls.every((call) => call.length <= 2));
    assert.equal(program.sequences.size, 0);
    assert.equal((await run(5)).length, 5, 'there is room again');
    assert.equal((await model.score([1, 2])).ids.length, 2);
  });

  it('fault 40: QUEUE_FULL comes from the call of generate, before a server has sent anything', async () => {
    const { model, program } = await open({ next, tokenMs: 1, maxConcurrent: 1, maxQueue: 1 });
    const options: GenerateOptions = { maxTokens: 5, ignoreEos: true };
    const first = model.generate([1], options);
    const second = model.generate([2], options);
    assert.throws(() => model.generate([3], options), code('QUEUE_FULL'));
    assert.throws(() => model.generate([3], { maxTokens: -1 }), code('OPTION'), 'wrong options come first');
    assert.deepEqual(program.calls, [], 'nothing has been read yet');
    // The one that is read first is not kept waiting by the one that was called first.
    assert.equal((await read(second)).ids.length, 5);
    const third = model.generate([3], options);
    await first.return();
    const stopped = new AbortController();
    const aborted = model.generate([4], { ...options, signal: stopped.signal });
    assert.throws(() => model.generate([5], options), code('QUEUE_FULL'));
    stopped.abort();
    const fifth = model.generate([5], options);
    await assert.rejects(aborted.next(), code('ABORTED'));
    for (const generation of [third, fifth]) assert.equal((await read(generation)).ids.length, 5);
    assert.equal(program.sequences.size, 0);
  });

  it('fault 34: close ends what waits for its turn', async () => {
    const { model } = await open({ next, tokenMs: 1, maxConcurrent: 1 });
    const jobs = [1, 2, 3].map((id) => model.complete([id], { maxTokens: 500, ignoreEos: true }));
    const endings = jobs.map((job) => assert.rejects(job, code('DISPOSED')));
    await model.close();
    await Promise.all(endings);
  });
});
