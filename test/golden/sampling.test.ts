/** The sampler against the reference's distributions, and against the same chain in plain TypeScript. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { GgmaError } from '../../lib/errors.ts';
import { createSampler } from '../../lib/native.ts';
import { needShared } from '../support/goldens.ts';
import { plainProbabilities, type SamplingCase, samplerOf } from '../support/sampling.ts';
import { sharedDir } from '../support/shared.ts';

interface GoldenCase extends SamplingCase {
  id: string;
  probs: number[];
  kept: number;
  argmax: number;
}

const furthest = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  assert.equal(a.length, b.length);
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)));
};

describe('golden: sampling', () => {
  describe('the reference', () => {
    before(needShared);

    it('every distribution of sampling.json', () => {
      const file = join(sharedDir()!, 'families/sampling.json');
      const cases = JSON.parse(readFileSync(file, 'utf8')) as GoldenCase[];
      assert.equal(cases.length, 40);
      for (const one of cases) {
        const logits = Float32Array.from(one.logits, (x) => x ?? -Infinity);
        const got = samplerOf(one).probabilities(logits);
        assert.ok(furthest(got, one.probs) < 1e-6, `${one.id}: ${furthest(got, one.probs)}`);
        const plain = plainProbabilities(one);
        assert.ok(furthest(plain, one.probs) < 1e-6, `${one.id}, plain`);
        assert.equal(plain.filter((p) => p > 0).length, one.kept, `${one.id}, plain`);
        // Terms below e^−87 of the highest are 0 in floats.
        for (const [i, p] of plain.entries())
          if (p === 0 || p > 1e-30) assert.equal(got[i]! > 0, p > 0, one.id);
        assert.equal(got.indexOf(Math.max(...got)), one.argmax, one.id);
      }
    });
  });

  it('agrees with the plain chain (property)', () => {
    const vocab = 300;
    const id = fc.nat(vocab - 1);
    const chance = fc.double({ min: 0, max: 1, noNaN: true });
    const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
    const params = fc.record({
      temperature: maybe(fc.double({ min: 0.05, max: 5, noNaN: true })),
      top_k: maybe(fc.integer({ min: 1, max: 400 })),
      top_p: maybe(chance),
      min_p: maybe(chance),
      repetition_penalty: maybe(fc.double({ min: 0.5, max: 2, noNaN: true })),
      presence_penalty: maybe(fc.double({ min: -2, max: 2, noNaN: true })),
      frequency_penalty: maybe(fc.double({ min: -2, max: 2, noNaN: true })),
      logit_bias: maybe(
        fc.dictionary(id.map(String), fc.double({ min: -9, max: 9, noNaN: true }), { maxKeys: 5 }),
      ),
    });
    const ids = fc.array(id, { maxLength: 30 });
    const logit = fc.float({ min: -20, max: 20, noNaN: true, noDefaultInfinity: true });
    const logits = fc.array(fc.oneof({ weight: 20, arbitrary: logit }, fc.constant(null)), {
      ...{ minLength: vocab, maxLength: vocab },
    });
    let compared = 0;
    fc.assert(
      fc.property(params, ids, ids, logits, (p, prompt_ids, generated_ids, values) => {
        const one: SamplingCase = { vocab_size: vocab, params: p, prompt_ids, generated_ids, logits: values };
        const plain = plainProbabilities(one);
        const got = samplerOf(one).probabilities(Float32Array.from(values, (x) => x ?? -Infinity));
        // On the brink of a filter both are right: then one id more or less is kept.
        const kept = (list: ArrayLike<number>) => Array.from(list).filter((x) => x > 0).length;
        fc.pre(kept(got) === kept(plain));
        compared++;
        assert.ok(furthest(got, plain) < 1e-5, String(furthest(got, plain)));
      }),
      { numRuns: 300, seed: 7 },
    );
    assert.ok(compared >= 300);
  });

  it('holds at the ends of its options', () => {
    const logits = Float32Array.of(1, 3, 2, -Infinity, 3);
    assert.deepEqual([...createSampler(5, { temperature: 0 }).probabilities(logits)], [0, 1, 0, 0, 0]);
    assert.deepEqual([...createSampler(5, { topK: 1 }).probabilities(logits)], [0, 0.5, 0, 0, 0.5]);
    assert.deepEqual([...createSampler(5, { topP: 0 }).probabilities(logits)], [0, 1, 0, 0, 0]);
    assert.deepEqual([...createSampler(5, { minP: 1 }).probabilities(logits)], [0, 0.5, 0, 0, 0.5]);
    assert.deepEqual(
      [...createSampler(5, { temperature: 1e-30 }).probabilities(logits)],
      [0, 0.5, 0, 0, 0.5],
    );
  });

  it('fault 11, 28: refuses NaN and infinity, and a vocabulary that is banned altogether', () => {
    const hasCode = (code: string) => (error: unknown) => error instanceof GgmaError && error.code === code;
    const sampler = createSampler(3, { topK: 2 });
    for (const bad of [Number.NaN, Infinity])
      for (const at of [0, 1, 2])
        assert.throws(
          () => sampler.probabilities(Float32Array.of(1, 2, 3).fill(bad, at, at + 1)),
          hasCode('NUMERIC'),
        );
    assert.throws(() => sampler.probabilities(new Float32Array(3).fill(-Infinity)), hasCode('NO_CANDIDATE'));
    const banned = createSampler(3, {
      biasIds: Int32Array.of(0, 1, 2),
      biasValues: new Float32Array(3).fill(-Infinity),
    });
    assert.throws(() => banned.probabilities(Float32Array.of(1, 2, 3)), hasCode('NO_CANDIDATE'));
  });
});
