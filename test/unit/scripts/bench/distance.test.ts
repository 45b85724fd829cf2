import assert from 'node:assert/strict';
import { beside, compare, type Quality } from '../../../../scripts/bench/distance.ts';

/** Logits whose softmax are these probabilities. */
const logits = (...probabilities: number[]) => Float32Array.from(probabilities, Math.log);

describe('quality of logits', () => {
  it('is perplexity over the tokens that follow, divergence from the exact model, and agreement', () => {
    // Two positions foretell something; what stands at the last one does not count.
    const sequences = [[0, 1, 0]];
    const exact = [logits(0.25, 0.75, 0.5, 0.5, 0.9, 0.1)];
    const made = [logits(0.5, 0.5, 0.25, 0.75, 0.1, 0.9)];
    const quality = compare(sequences, exact, made);
    assert.ok(Math.abs(quality.perplexity - Math.sqrt(1 / (0.5 * 0.25))) < 1e-6);
    const first = 0.25 * Math.log(0.25 / 0.5) + 0.75 * Math.log(0.75 / 0.5);
    const second = 0.5 * Math.log(0.5 / 0.25) + 0.5 * Math.log(0.5 / 0.75);
    assert.ok(Math.abs(quality.divergence - (first + second) / 2) < 1e-6);
    // The first of equal probabilities counts: token 1 against token 0, token 0 against token 1.
    assert.equal(quality.agreement, 0);
    assert.deepEqual(
      { ...compare(sequences, exact, exact), perplexity: 0 },
      { perplexity: 0, divergence: 0, agreement: 1 },
    );
  });

  it('does not change with a shift of a row, however large', () => {
    const [exact, made] = [Float32Array.of(1, 2), Float32Array.of(1001, 1002)];
    const both = [...exact, ...exact];
    const quality = compare([[0, 1]], [Float32Array.from(both)], [Float32Array.of(...made, ...made)]);
    assert.ok(Math.abs(quality.divergence) < 1e-12);
  });

  it('holds within 1 % of the other, in perplexity and divergence', () => {
    const quality = (perplexity: number, divergence: number): Quality => ({
      perplexity,
      divergence,
      agreement: 1,
    });
    const theirs = quality(4.4, 0.1);
    assert.equal(beside(quality(4.44, 0.101), theirs, 4).within, true);
    assert.equal(beside(quality(4.45, 0.1), theirs, 4).within, false);
    assert.equal(beside(quality(4.4, 0.102), theirs, 4).within, false);
    const { excessRatio, divergenceRatio, perplexityRatio } = beside(quality(4.2, 0.05), theirs, 4);
    assert.ok(Math.abs(excessRatio! - 0.5) < 1e-9);
    assert.ok(Math.abs(divergenceRatio! - 0.5) < 1e-9);
    assert.ok(Math.abs(perplexityRatio - 4.2 / 4.4) < 1e-9);
    // Two models without a loss have no ratio, and neither is worse.
    const none = beside(quality(4, 0), quality(4, 0), 4);
    assert.deepEqual([none.excessRatio, none.divergenceRatio, none.within], [null, null, true]);
  });
});
