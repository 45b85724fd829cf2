/** The matcher never lies: whatever random change a block suffers, if it is still fused, it computes the same. */
import assert from 'node:assert/strict';
import { GgmaError } from '../../../lib/errors.ts';
import { attentionBlock, blockLines } from '../../support/attention-block.ts';
import { blockLogits, fuseBlock } from '../../support/block-run.ts';
import { relativeError } from '../../support/goldens.ts';
import { type Random, seeded } from '../../support/mutate.ts';
import { mutateLine } from '../../support/mutate-text.ts';
import type { TextGraph } from '../../support/text-graph.ts';

const lines = blockLines();
const names = lines.flatMap((line) => /^(?:input |const )?([a-z]\w*)/.exec(line)?.[1] ?? []);

function randomChanges(random: Random): Record<string, string> {
  const changes: Record<string, string> = {};
  for (let left = 1 + Math.floor(2 * random()); left > 0; left--) {
    const line = lines[Math.floor(random() * lines.length)]!;
    const start = /^(\w+) =/.exec(line);
    if (!start) continue;
    const text = mutateLine(line, random, names.slice(0, names.indexOf(start[1]!)));
    if (text !== line) changes[start[0]] = text;
  }
  return changes;
}

/** Two copies of the changed block, or undefined where the shapes no longer fit. */
function twoBlocks(changes: Record<string, string>): [TextGraph, TextGraph] | undefined {
  try {
    return [attentionBlock(changes), attentionBlock(changes)];
  } catch {
    return undefined;
  }
}

/** Logits of the open block; undefined where the change made it run into an index or infinity. */
function openLogits(block: TextGraph, seed: number): Float32Array | undefined {
  try {
    const logits = blockLogits(block, seed, false);
    return logits.every(Number.isFinite) ? logits : undefined;
  } catch (error) {
    if (error instanceof GgmaError) return undefined;
    throw error;
  }
}

describe('passes/fuse.attention under random changes of the block', () => {
  it('fuses only what computes the same', () => {
    const count = { changed: 0, fused: 0, refused: 0 };
    for (let seed = 1; seed <= 1500; seed++) {
      const changes = randomChanges(seeded(seed));
      const blocks = Object.keys(changes).length > 0 ? twoBlocks(changes) : undefined;
      if (!blocks) continue;
      count.changed++;
      const [open, fused] = blocks;
      if (!fuseBlock(fused)) {
        count.refused++;
        continue;
      }
      const want = openLogits(open, seed);
      if (!want) continue;
      count.fused++;
      const error = relativeError(blockLogits(fused, seed, true), want);
      assert.ok(error < 1e-5, `seed ${seed}: ${JSON.stringify(changes)} gives ${error}`);
    }
    assert.ok(count.changed > 200 && count.fused > 50 && count.refused > 50, JSON.stringify(count));
  });
});
