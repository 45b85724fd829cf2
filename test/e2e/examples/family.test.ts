/** The example of a family. No golden of Seed-OSS is there, but with these settings it computes what Qwen2 does. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { seedOss } from '../../../examples/family/seed_oss.ts';
import { families, openHf } from '../../../lib/export/index.ts';
import { runPipeline, seedPipeline } from '../../../lib/make/index.ts';
import { scratchFolder } from '../../support/checkpoint.ts';
import { familyCases } from '../../support/golden-cases.ts';
import { needShared } from '../../support/goldens.ts';
import { assertCase, onNative } from '../../support/native-run.ts';
import { reread } from '../../support/passes.ts';
import { sharedDir } from '../../support/shared.ts';

describe('the example family', () => {
  before(needShared);
  const scratch = scratchFolder();
  after(() => {
    scratch.remove();
  });

  const known = [...families, seedOss];
  const config = {
    model_type: 'seed_oss',
    head_dim: 16,
    attention_bias: true,
    attention_out_bias: false,
    layer_types: undefined,
  };

  /** Qwen2's reference checkpoint under another config.json. */
  function checkpoint(changes: object): string {
    const from = path.join(sharedDir()!, 'families/models/qwen2');
    const before = JSON.parse(readFileSync(path.join(from, 'config.json'), 'utf8')) as object;
    writeFileSync(path.join(scratch.path, 'config.json'), JSON.stringify({ ...before, ...changes }));
    copyFileSync(path.join(from, 'model.safetensors'), path.join(scratch.path, 'model.safetensors'));
    return scratch.path;
  }

  it('gives the reference ids and logits', async () => {
    const hf = openHf(checkpoint(config), { families: known });
    assert.equal(hf.config.family, seedOss);
    const cases = familyCases('qwen2');
    assert.equal(cases.length, 4);
    await onNative(reread(runPipeline(hf, seedPipeline)), async (run) => {
      for (const one of cases) await assertCase(run, one);
    });
  });

  it('heeds its keys: without biases the ids are others', async () => {
    const hf = openHf(checkpoint({ ...config, attention_bias: false }), { families: known });
    const [first] = familyCases('qwen2');
    await onNative(reread(runPipeline(hf, seedPipeline)), async (run) => {
      assert.notDeepEqual(await run.greedy(first!.prompt, first!.greedy.length), first!.greedy);
    });
  });

  it('is refused where it is not registered, and where a key with a default of its own is absent', () => {
    assert.throws(() => openHf(checkpoint(config)), { code: 'UNSUPPORTED' });
    assert.throws(() => openHf(checkpoint({ ...config, head_dim: undefined }), { families: known }), {
      code: 'CONFIG',
      message: /head_dim/,
    });
  });
});
