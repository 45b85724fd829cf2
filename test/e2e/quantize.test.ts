/** A package with narrower weights, from the pipeline to text. */
import assert from 'node:assert/strict';
import { type FloatEncodingName, writeModel } from '../../lib/circle/index.ts';
import { openHf } from '../../lib/export/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { demoDir, runPipeline, seedPipeline } from '../../lib/make/index.ts';
import { type LoadOptions, loadContents, readContents } from '../../lib/package/index.ts';

const prompt = 'Lily picked up a flower.';
const options = { maxTokens: 60, ignoreEos: true };

/** The demo's model as `opm export` makes it, with one more filter. */
async function made(
  filters: readonly string[],
  more: LoadOptions = {},
): Promise<{ bytes: number; weights: number; ids: number[] }> {
  const dir = demoDir();
  const pipeline = { ...seedPipeline, model: [...seedPipeline.model, ...filters] };
  const bytes = writeModel(lower(runPipeline(openHf(dir), pipeline)));
  const model = await loadContents(await readContents(dir, bytes), { threads: 1, ...more });
  try {
    const { ids } = await model.complete(prompt, options);
    return { bytes: bytes.byteLength, weights: model.memory().weightBytes, ids };
  } finally {
    await model.close();
  }
}

describe('quantize, from the pipeline to text', () => {
  let exact: Awaited<ReturnType<typeof made>>;
  before(async () => {
    exact = await made([], { narrow: false });
    assert.equal(exact.ids.length, options.maxTokens);
  });

  /** Of the f32 file and of the packed weights: norms, names and operators stay as they are. */
  const share: Record<FloatEncodingName, number> = { f16: 0.6, bf16: 0.6, q8_0: 0.4, q4_0: 0.3 };

  for (const dtype of ['f16', 'bf16'] as const)
    it(`${dtype}: the demo's weights are bfloat16, so nothing is lost, and the ids are the same`, async () => {
      const { bytes, weights, ids } = await made([`quantize --dtype ${dtype}`]);
      assert.deepEqual(ids, exact.ids);
      assert.ok(bytes < share[dtype] * exact.bytes, `${bytes} of ${exact.bytes}`);
      assert.ok(weights < share[dtype] * exact.weights, `${weights} of ${exact.weights}`);
    });

  for (const [dtype, same] of [
    ['q8_0', 6],
    ['q4_0', 1],
  ] as const)
    it(`${dtype}: smaller, and the story begins the same`, async () => {
      const { bytes, weights, ids } = await made([`quantize --dtype ${dtype}`]);
      assert.equal(ids.length, options.maxTokens);
      assert.deepEqual(ids.slice(0, same), exact.ids.slice(0, same));
      assert.ok(bytes < share[dtype] * exact.bytes, `${bytes} of ${exact.bytes}`);
      assert.ok(weights < share[dtype] * exact.weights, `${weights} of ${exact.weights}`);
    });
});
