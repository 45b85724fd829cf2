/**
 * The architectures of small public checkpoints with random weights: speed does not depend on what a model says.
 * The peers kit uses the same ones.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Module } from '../../lib/ir/graph/index.ts';
import { packModel } from '../../lib/make/index.ts';
import type { DtypeName } from './dtypes.ts';

export interface Architecture {
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  feedForward: number;
  vocab: number;
  context: number;
  tied: boolean;
  /** Elements of matrices are uniform in ± this. Default 0.035, which has a standard deviation of 0.02. */
  spread?: number;
}

export const architectures = {
  /** TinyLLama-v0 */
  T0: arch({
    hidden: 64,
    layers: 8,
    heads: 16,
    kvHeads: 16,
    feedForward: 256,
    vocab: 32000,
    context: 2048,
    tied: false,
  }),
  /** stories15M, with room for prompts of 512 */
  S15: arch({
    hidden: 288,
    layers: 6,
    heads: 6,
    kvHeads: 6,
    feedForward: 768,
    vocab: 32000,
    context: 1024,
    tied: true,
  }),
  /** SmolLM2-135M */
  S135: arch({
    hidden: 576,
    layers: 30,
    heads: 9,
    kvHeads: 3,
    feedForward: 1536,
    vocab: 49152,
    context: 8192,
    tied: true,
  }),
  /** TinyLlama-1.1B */
  T1: arch({
    hidden: 2048,
    layers: 22,
    heads: 32,
    kvHeads: 4,
    feedForward: 5632,
    vocab: 32000,
    context: 2048,
    tied: false,
  }),
} as const;

function arch(a: Architecture): Architecture {
  return a;
}

export type ModelName = keyof typeof architectures;

export const modelNames = Object.keys(architectures) as ModelName[];

/** Weights that a decoded token reads; of an untied embedding only a row. Norms are too small to count. */
export function bytesPerToken(name: ModelName, dtype: DtypeName): number {
  const matrices = shapesOf(architectures[name]).filter(
    ([weight, shape]) =>
      shape.length === 2 && (architectures[name].tied || weight !== 'model.embed_tokens.weight'),
  );
  const elements = matrices.reduce((sum, [, shape]) => sum + shape[0]! * shape[1]!, 0);
  return elements * { f32: 4, f16: 2, bf16: 2, q8_0: 34 / 32, q4_0: 18 / 32 }[dtype];
}

/** The whole way from a Hugging Face directory of random weights, with the seed's filters. */
export function randomModule(shape: ModelName | Architecture): Module {
  const dir = mkdtempSync(path.join(tmpdir(), 'ggma-bench-'));
  try {
    writeHuggingFace(dir, typeof shape === 'string' ? architectures[shape] : shape);
    return packModel(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** config.json of such a checkpoint. */
export function configOf(a: Architecture): Record<string, unknown> {
  return {
    model_type: 'llama',
    hidden_size: a.hidden,
    num_hidden_layers: a.layers,
    num_attention_heads: a.heads,
    num_key_value_heads: a.kvHeads,
    intermediate_size: a.feedForward,
    vocab_size: a.vocab,
    max_position_embeddings: a.context,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: a.tied,
    hidden_act: 'silu',
  };
}

/** config.json and model.safetensors. */
export function writeHuggingFace(dir: string, a: Architecture): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'config.json'), JSON.stringify(configOf(a)));
  writeSafetensors(path.join(dir, 'model.safetensors'), shapesOf(a), a.spread);
}

function shapesOf(a: Architecture): [name: string, shape: number[]][] {
  const kv = (a.hidden / a.heads) * a.kvHeads;
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [a.vocab, a.hidden]]];
  for (let i = 0; i < a.layers; i++) {
    const layer = `model.layers.${i}`;
    shapes.push(
      [`${layer}.input_layernorm.weight`, [a.hidden]],
      [`${layer}.self_attn.q_proj.weight`, [a.hidden, a.hidden]],
      [`${layer}.self_attn.k_proj.weight`, [kv, a.hidden]],
      [`${layer}.self_attn.v_proj.weight`, [kv, a.hidden]],
      [`${layer}.self_attn.o_proj.weight`, [a.hidden, a.hidden]],
      [`${layer}.post_attention_layernorm.weight`, [a.hidden]],
      [`${layer}.mlp.gate_proj.weight`, [a.feedForward, a.hidden]],
      [`${layer}.mlp.up_proj.weight`, [a.feedForward, a.hidden]],
      [`${layer}.mlp.down_proj.weight`, [a.hidden, a.feedForward]],
    );
  }
  shapes.push(['model.norm.weight', [a.hidden]]);
  if (!a.tied) shapes.push(['lm_head.weight', [a.vocab, a.hidden]]);
  return shapes;
}

/** BF16, a tensor at a time: norms around 1, matrices around 0. */
function writeSafetensors(file: string, shapes: readonly [string, number[]][], ofMatrices = 0.035): void {
  const count = (shape: number[]) => shape.reduce((n, dim) => n * dim, 1);
  let at = 0;
  const header: Record<string, unknown> = {};
  for (const [name, shape] of shapes) {
    header[name] = { dtype: 'BF16', shape, data_offsets: [at, at + 2 * count(shape)] };
    at += 2 * count(shape);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const out = openSync(file, 'w');
  try {
    writeSync(out, length);
    writeSync(out, text);
    let state = 1;
    const word = new Float32Array(1);
    const bits = new Uint32Array(word.buffer);
    for (const [, shape] of shapes) {
      const [center, spread] = shape.length === 1 ? [1, 0.1] : [0, ofMatrices];
      const halves = new Uint16Array(count(shape));
      for (let i = 0; i < halves.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0;
        word[0] = center + (state / 2 ** 31) * spread;
        halves[i] = bits[0]! >>> 16;
      }
      const bytes = new Uint8Array(halves.buffer);
      for (let done = 0; done < bytes.length; ) done += writeSync(out, bytes, done);
    }
  } finally {
    closeSync(out);
  }
}
