/** A prompt in one go, in pieces, token by token, on any thread count and instruction set: the same bits. */
import assert from 'node:assert/strict';
import { demoDir, packModel } from '../../lib/make/index.ts';
import { availableIsas, createEngine } from '../../lib/native.ts';
import { compile } from '../../lib/plan/index.ts';

describe('prefill in pieces', function () {
  this.timeout(120_000);
  const plan = compile(packModel(demoDir()));
  const length = 75;
  const ids = Array.from({ length }, (_, i) => (i * 37 + 5) % plan.vocabSize);

  /** All logits [length, vocabulary] when the prompt is fed in steps of these sizes. */
  async function logitsOf(sizes: readonly number[], threads: number, isa: string): Promise<Float32Array> {
    const engine = createEngine({ threads, isa });
    try {
      const program = await engine.loadProgram(plan.program, plan.sources);
      plan.tables.forEach((table, i) => {
        program.setTable(i, 0, table.evaluate(0, length));
      });
      const sequence = program.createSequence();
      const all = new Float32Array(length * plan.vocabSize);
      let at = 0;
      for (const size of sizes) {
        const rows = Int32Array.from({ length: 4 * size }, (_, i) => {
          const row = at + (i >> 2);
          return [ids[row]!, sequence, row, 1][i & 3]!;
        });
        const logits = new Float32Array(size * plan.vocabSize);
        await program.step(rows, { logits });
        all.set(logits, at * plan.vocabSize);
        at += size;
      }
      assert.equal(at, length);
      return all;
    } finally {
      await engine.close();
    }
  }

  it('fault 29: gives the bits of one step', async () => {
    const best = availableIsas()[0]!;
    const whole = await logitsOf([length], 1, best);
    assert.ok(whole.some((logit) => logit !== 0));
    const splits = [Array(length).fill(1), [1, 74], [74, 1], [32, 32, 11], [7, 31, 2, 35], [6, 6, 6, 57]];
    const isas = availableIsas();
    assert.ok(isas.includes('scalar'));
    for (const isa of isas) {
      for (const [i, sizes] of splits.entries()) {
        const pieces = await logitsOf(sizes, 1 + (i % 4), isa);
        assert.equal(
          Buffer.compare(Buffer.from(pieces.buffer), Buffer.from(whole.buffer)),
          0,
          `${isa} ${sizes}`,
        );
      }
    }
    console.log(`      ran on ${isas.join(', ')}`);
  });
});
