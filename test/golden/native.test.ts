/** Export → filters → package → compiler → native engine, against transformers' ids and logits. Every case of the reference data. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { exportPrefill, openHf } from '../../lib/export/index.ts';
import { evaluate } from '../../lib/ir/evaluate/index.ts';
import type { Module } from '../../lib/ir/graph/index.ts';
import { packModel } from '../../lib/make/index.ts';
import { floatTensor, scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../support/checkpoint.ts';
import { familyCases, goldenFamilies, numericCases } from '../support/golden-cases.ts';
import { golden, inputNamed, needShared, relativeError, tensorFor } from '../support/goldens.ts';
import { assertCase, onNative } from '../support/native-run.ts';
import { reread } from '../support/passes.ts';
import { root } from '../support/root.ts';
import { sharedDir } from '../support/shared.ts';

const tolerance = 1e-4;

/** The reference tools' files by model: fused and open, merged and not, of three exporter versions. */
const files: Record<string, string[]> = {
  probe: [
    'probe/model.circle',
    'probe/decode_.circle',
    'probe/steps/1.fuse.attention.circle',
    'probe/steps/3.transpose.io.kvcache.circle',
    'probe/steps/4.merge.circle',
    'probe/steps/5.fuse.bmm_lhs_const.circle',
    'probe/steps/6.downcast.input_ids.circle',
    'probe-newer/decode_.circle',
    'probe-adapter/model.circle',
    'probe-adapter/decode.circle',
    'probe-adapter/decode_adapter.circle',
  ],
  stories260K: ['stories260K/model.circle', 'stories260K/decode_.circle', 'stories260K/decode.circle'],
};

/** As a package holds it: written and read. */
const packed = (dir: string): Module => reread(packModel(dir));

describe('golden: the native engine against transformers', () => {
  before(needShared);

  for (const [model, cases, ids] of [
    ['lily', 6, 64],
    ['probe', 6, 128],
    ['stories260K', 6, 128],
  ] as const) {
    it(`${model}: ids and logits of every prompt, through our own export and filters`, async () => {
      const dir = model === 'lily' ? join(root, 'models/lily') : join(sharedDir()!, 'models', model);
      const all = numericCases(model);
      assert.equal(all.length, cases);
      await onNative(packed(dir), async (run) => {
        for (const one of all) {
          assert.equal(one.greedy.length, ids);
          await assertCase(run, one);
        }
      });
    });
  }

  for (const [model, names] of Object.entries(files)) {
    it(`${model}: the same from ${names.length} files of the reference tools`, async () => {
      const all = numericCases(model);
      assert.equal(all.length, 6);
      for (const name of names)
        await onNative(golden(name), async (run) => {
          for (const one of all) await assertCase(run, { ...one, name: `${name} ${one.name}` });
        });
    });
  }

  for (const family of goldenFamilies) {
    it(`${family}: ids and logits of every prompt`, async () => {
      const all = familyCases(family);
      assert.equal(all.length, 4);
      await onNative(packed(join(sharedDir()!, 'families/models', family)), async (run) => {
        for (const one of all) {
          assert.equal(one.greedy.length, 48);
          await assertCase(run, one);
        }
      });
    });
  }
});

describe('context beyond the exported 32', () => {
  const scratch = scratchFolder();
  after(() => {
    scratch.remove();
  });

  it('gives the logits of one uncached pass at positions 31 to 2,000', async () => {
    // One head of 4, because the uncached pass holds 2,001² scores for each.
    const oneHead = { ...tinyConfig, num_attention_heads: 1, num_key_value_heads: 1, head_dim: 4 };
    const tensors = tinyTensors();
    for (const layer of ['model.layers.0', 'model.layers.1']) {
      tensors[`${layer}.self_attn.q_proj.weight`] = floatTensor([4, 8], 51);
      tensors[`${layer}.self_attn.o_proj.weight`] = floatTensor([8, 4], 52);
    }
    const dir = writeModelDir(join(scratch.path, 'tiny'), oneHead, tensors);
    const { vocab_size: vocab } = tinyConfig;
    const ids = Array.from({ length: 2001 }, (_, i) => (i * i + 3 * i + 1) % vocab);
    const positions = [31, 32, 33, 64, 1023, 2000];
    const graph = exportPrefill(openHf(dir), ids.length).graphs[0]!;
    const [input, logits] = [inputNamed(graph, 'input_ids'), graph.outputs[0]!];
    const whole = evaluate(graph, new Map([[input, tensorFor(input, ids)]]), { outputs: [logits] }).get(
      logits,
    )!.data as Float32Array;
    assert.equal(whole.length, ids.length * vocab);
    await onNative(packModel(dir), async (run) => {
      const got = await run.logits(ids, (p) => positions.includes(p));
      assert.equal(got.length, positions.length * vocab);
      positions.forEach((p, i) => {
        const [ours, truth] = [
          got.subarray(i * vocab, (i + 1) * vocab),
          whole.subarray(p * vocab, (p + 1) * vocab),
        ];
        const error = relativeError(ours, truth);
        assert.ok(error <= tolerance, `position ${p}: ${error}`);
      });
    });
  });
});
