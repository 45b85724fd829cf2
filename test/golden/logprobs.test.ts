/** score() and generated log-probabilities against transformers' on real (random-weight) models. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../../lib/circle/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { packModel } from '../../lib/make/index.ts';
import { loadContents, readContents } from '../../lib/package/index.ts';
import type { Model } from '../../lib/runtime/index.ts';
import { needShared } from '../support/goldens.ts';
import { sharedDir } from '../support/shared.ts';

interface Case {
  model: string;
  text: string;
  ids: number[];
  logprobs: (number | null)[];
  top5: ({ top: [number, number][]; rank: number; min_gap: number } | null)[];
  sum_logprob: number;
  scored: number;
  perplexity: number;
}

/** What differs in rounding between float32 implementations. */
const tolerance = 2e-4;

describe('golden: log-probabilities', () => {
  before(needShared);

  it('every token, alternative and perplexity of logprobs.json', async () => {
    const families = join(sharedDir()!, 'families');
    const cases = JSON.parse(readFileSync(join(families, 'logprobs.json'), 'utf8')) as Case[];
    assert.equal(cases.length, 6);
    const models = new Map<string, Model>();
    try {
      let [tokens, ordered] = [0, 0];
      for (const one of cases) {
        const dir = join(families, one.model);
        const model =
          models.get(one.model) ??
          (await loadContents(await readContents(dir, writeModel(lower(packModel(dir))))));
        models.set(one.model, model);
        const { logprobs, sumLogprob, perplexity } = await model.score(one.ids, { topLogprobs: 5 });
        assert.equal(logprobs.length, one.ids.length);
        assert.equal(logprobs[0], null);
        for (let i = 1; i < one.ids.length; i++) {
          const got = logprobs[i]!;
          const { top, min_gap } = one.top5[i]!;
          assert.equal(got.id, one.ids[i]);
          assert.ok(Math.abs(got.logprob - one.logprobs[i]!) < tolerance, `${one.model} ${i}`);
          assert.equal(got.top.length, 5);
          tokens++;
          for (const [k, { id, logprob }] of got.top.entries()) {
            assert.ok(Math.abs(logprob - top[k]![1]) < tolerance, `${one.model} ${i} ${k}`);
            if (min_gap > 10 * tolerance) {
              assert.equal(id, top[k]![0]);
              ordered++;
            }
          }
        }
        assert.ok(Math.abs(sumLogprob - one.sum_logprob) < tolerance * one.scored);
        assert.ok(Math.abs(perplexity / one.perplexity - 1) < 1e-3);
        // Generating from the first half: the first token's alternatives are those of that position.
        const half = one.ids.length >> 1;
        const { logprobs: generated } = await model.complete(one.ids.slice(0, half), {
          ...{ maxTokens: 1, topLogprobs: 5, ignoreEos: true },
        });
        assert.deepEqual(generated![0]!.top, logprobs[half]!.top);
        assert.equal(generated![0]!.id, generated![0]!.top[0]!.id);
      }
      assert.ok(tokens > 120 && ordered > 300, `${tokens} tokens, ${ordered} in order`);
    } finally {
      for (const model of models.values()) await model.close();
    }
  });
});
