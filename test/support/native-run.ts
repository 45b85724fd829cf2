/** Reference generations on the native engine. */
import assert from 'node:assert/strict';
import type { Module } from '../../lib/ir/graph/index.ts';
import { compile } from '../../lib/plan/index.ts';
import { NativeRun } from '../../scripts/support/native-run.ts';
import type { NumericCase } from './golden-cases.ts';
import { relativeError } from './goldens.ts';

export { NativeRun };

/** Compiles a module and runs `work` on it; the engine is closed whatever happens. */
export async function onNative<T>(module: Module, work: (run: NativeRun) => Promise<T>): Promise<T> {
  const run = await NativeRun.open(compile(module));
  try {
    return await work(run);
  } finally {
    await run.close();
  }
}

/** The greedy ids of a reference generation, and its logits within 10⁻⁴. */
export async function assertCase(
  run: NativeRun,
  { name, prompt, greedy, logits }: NumericCase,
): Promise<void> {
  assert.deepEqual(await run.greedy(prompt, greedy.length), greedy, name);
  const ids = [...prompt, ...greedy];
  assert.ok(logits.length > 0, name);
  for (const { what, positions, expected } of logits) {
    const got = await run.logits(ids.slice(0, Math.max(...positions) + 1), (p) => positions.includes(p));
    const error = relativeError(got, expected);
    assert.ok(error <= 1e-4, `${name}, ${what}: ${error}`);
  }
}
