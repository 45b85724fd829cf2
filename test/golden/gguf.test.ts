/**
 * Checkpoints of every family as GGUF files: what is exported of them must be the bytes that are exported of the Hugging
 * Face directory. The file is written here as llama.cpp's converter would, from tables of its own.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openGguf, openHuggingFace } from '../../lib/checkpoint/index.ts';
import { chunksOf, layOut } from '../../lib/circle/index.ts';
import { exportInput } from '../../lib/export/index.ts';
import { lower, type Module } from '../../lib/ir/graph/index.ts';
import type { JsonObject } from '../../lib/json.ts';
import { runPipeline, seedPipeline } from '../../lib/make/index.ts';
import { scratchFolder } from '../support/checkpoint.ts';
import { convertedBytes, type Value } from '../support/gguf.ts';
import { needShared } from '../support/goldens.ts';
import { sharedDir } from '../support/shared.ts';

interface Case {
  /** Keys beside the sizes. */
  keys?: Record<string, Value>;
  /** What of config.json a GGUF file cannot say: the directory's export is made with it too. */
  changes?: JsonObject;
}

const f32 = (value: number): Value => ['f32', value];
const theta = (value: number) => ({ 'rope.freq_base': f32(value) });

const cases: Readonly<Record<string, Case>> = {
  'llama-gqa': { keys: theta(10_000) },
  'llama-linear-rope': {
    keys: { 'rope.scaling.type': ['string', 'linear'], 'rope.scaling.factor': f32(2) },
  },
  'llama-yarn': {
    keys: {
      'rope.scaling.type': ['string', 'yarn'],
      'rope.scaling.factor': f32(4),
      'rope.scaling.original_context_length': ['u32', 64],
    },
  },
  qwen2: { keys: theta(1e6) },
  qwen3: { keys: theta(1e6) },
  // Only every fourth layer without RoPE is something that llama.cpp knows.
  smollm3: { keys: theta(2e6), changes: { no_rope_layers: null, no_rope_layer_interval: 4 } },
  phi3: { keys: { 'attention.sliding_window': ['u32', 40] } },
  olmo2: { keys: theta(500_000) },
  granite: {
    keys: {
      'attention.scale': f32(0.15),
      embedding_scale: f32(4),
      residual_scale: f32(0.6),
      logit_scale: f32(1.7),
    },
  },
  'gemma3-text': {
    keys: {
      ...theta(1e6),
      'rope.scaling.type': ['string', 'linear'],
      'rope.scaling.factor': f32(8),
      'attention.sliding_window': ['u32', 16],
      'attention.sliding_window_pattern': ['u32', 3],
    },
    changes: { query_pre_attn_scalar: 16 },
  },
};

function digestOf(module: Module): string {
  const hash = createHash('sha256');
  for (const chunk of chunksOf(layOut(lower(module)))) hash.update(chunk);
  return hash.digest('hex');
}

describe('GGUF of every family', function () {
  this.timeout(120_000);
  const scratch = scratchFolder();
  before(needShared);
  after(() => scratch.remove());

  for (const [name, { keys = {}, changes = {} }] of Object.entries(cases))
    it(`${name}: the bytes of the Hugging Face directory's export`, () => {
      const checkpoint = openHuggingFace(join(sharedDir()!, 'families/models', name));
      const path = join(scratch.path, `${name}.gguf`);
      writeFileSync(path, convertedBytes(checkpoint, keys));
      const config = { ...checkpoint.config, ...changes };
      const expected = digestOf(runPipeline(exportInput({ ...checkpoint, config }), seedPipeline));
      const warnings: string[] = [];
      const input = exportInput(openGguf(path), { onWarning: (message) => warnings.push(message) });
      assert.equal(digestOf(runPipeline(input, seedPipeline)), expected);
      assert.deepEqual(warnings, []);
    });
});
