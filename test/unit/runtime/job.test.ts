import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { code, open, prompt } from '../../support/fake-model.ts';

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
    await assert.rejects(model.complete(prompt, { signal: AbortSignal.abort(reason) }), (e) => e === reason);
    assert.deepEqual(program.calls, []);

    const inPrompt = new AbortController();
    const long = model.complete(Array<number>(500).fill(3), { signal: inPrompt.signal });
    setTimeout(() => inPrompt.abort(reason), 20);
    await assert.rejects(long, (e) => e === reason);
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
