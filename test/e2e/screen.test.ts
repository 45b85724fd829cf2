/** A screened output matrix changes no greedy token, alone or beside requests that want more than tokens. */
import assert from 'node:assert/strict';
import { loadDemo } from '../../lib/make/index.ts';
import type { Model } from '../../lib/runtime/index.ts';
import { seeded } from '../support/mutate.ts';

describe('screened argmax, on the demo', function () {
  this.timeout(120_000);
  const open: Model[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((model) => model.close()));
  });

  it('gives the same tokens', async () => {
    const random = seeded(5);
    const prompts = Array.from({ length: 12 }, () =>
      Array.from({ length: 1 + Math.floor(random() * 30) }, () => 3 + Math.floor(random() * 1000)),
    );
    const run = async (screen: boolean) => {
      const model = await loadDemo({ threads: 2, screen });
      open.push(model);
      const options = { maxTokens: 24, ignoreEos: true };
      const alone = [];
      for (const prompt of prompts) alone.push((await model.complete(prompt, options)).ids);
      const together = await Promise.all(
        prompts.map((prompt, i) =>
          model.complete(prompt, i % 3 === 0 ? { ...options, logprobs: true } : options),
        ),
      );
      return { alone, together: together.map(({ ids }) => ids), bytes: model.memory().weightBytes };
    };
    const [plain, screened] = [await run(false), await run(true)];
    assert.deepEqual(screened.alone, plain.alone);
    assert.deepEqual(screened.together, plain.alone);
    assert.deepEqual(plain.together, plain.alone);
    assert.ok(plain.alone.flat().length === 12 * 24 && new Set(plain.alone.flat()).size > 20);
    assert.ok(screened.bytes > plain.bytes, `${screened.bytes} ${plain.bytes}`);
  });
});
