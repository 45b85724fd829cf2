/** Beginnings shared between generations change no bit, alone or beside others, whatever is shared with what. */
import assert from 'node:assert/strict';
import { loadDemo } from '../../lib/make/index.ts';
import type { LoadOptions } from '../../lib/package/index.ts';
import type { Completion, Model } from '../../lib/runtime/index.ts';
import { seeded } from '../support/mutate.ts';

describe('prefix cache, on the demo', function () {
  this.timeout(120_000);
  const open: Model[] = [];
  const demo = async (options: LoadOptions): Promise<Model> => {
    const model = await loadDemo(options);
    open.push(model);
    return model;
  };
  afterEach(async () => {
    await Promise.all(open.splice(0).map((model) => model.close()));
  });

  const random = seeded(11);
  const below = (limit: number) => Math.floor(random() * limit);
  const list = (count: number) => Array.from({ length: count }, () => 3 + below(1000));
  /** Prompts that begin with one another's beginnings, 9 to 150 ids long. */
  const prompts: number[][] = [list(70)];
  while (prompts.length < 24) {
    const from = prompts[below(prompts.length)]!;
    prompts.push([...from.slice(0, 8 + below(from.length - 8)), ...list(1 + below(60))]);
  }
  const options = { maxTokens: 12, ignoreEos: true, logprobs: true } as const;
  const results = ({ ids, logprobs }: Completion) => ({ ids, logprobs });

  it('fault 29: gives the same ids and log-probabilities, one after another and all at once', async () => {
    const plain = await demo({ threads: 1 });
    const wanted = [];
    for (const prompt of prompts) wanted.push(results(await plain.complete(prompt, options)));
    for (const kvDtype of ['f32', 'f16'] as const) {
      const fresh = kvDtype === 'f32' ? plain : await demo({ threads: 1, kvDtype });
      const cached = await demo({ threads: 2, prefixCacheTokens: 1500, kvDtype });
      let shared = 0;
      for (const [i, prompt] of prompts.entries()) {
        const completion = await cached.complete(prompt, options);
        shared += completion.usage.cachedTokens;
        const want: ReturnType<typeof results> | undefined =
          kvDtype === 'f32' ? wanted[i] : results(await fresh.complete(prompt, options));
        assert.deepEqual(results(completion), want, `${kvDtype} ${i}`);
      }
      assert.ok(shared > 500, `${shared}`);
      if (kvDtype === 'f16') continue;
      const together = await Promise.all(prompts.map((prompt) => cached.complete(prompt, options)));
      assert.deepEqual(together.map(results), wanted);
      assert.ok(together.some(({ usage }) => usage.cachedTokens > 60));
    }
  });

  it('gives its memory to a request that needs it', async () => {
    const { kvBytes, weightBytes } = await (async () => {
      const model = await demo({ threads: 1, prefixCacheTokens: 1000 });
      await model.complete(list(100), { maxTokens: 1, ignoreEos: true });
      return model.memory();
    })();
    const block = kvBytes / 2; // 100 positions lie in two blocks of 64
    const model = await demo({
      threads: 1,
      prefixCacheTokens: 10_000,
      memoryBudget: weightBytes + 5 * block + 500_000,
    });
    for (let i = 0; i < 6; i++) {
      const { ids } = await model.complete(list(120), { maxTokens: 8, ignoreEos: true });
      assert.equal(ids.length, 8);
    }
  });
});
