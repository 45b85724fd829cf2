/** What the parts of a model share while a graph is built: operators, sizes, weights, class names. */
import type { Value } from '../../ir/graph/index.ts';
import type { ModelConfig } from '../config.ts';
import type { Weights } from '../safetensors.ts';
import { GraphBuilder } from './builder.ts';

/** Names as `torch.export` gives them: the class an operator came from. */
export interface Owners {
  norm: string;
  attention: string;
  mlp: string;
  layer: string;
  model: string;
  causalLm: string;
  rotary: string;
}

export class Scope {
  readonly builder = new GraphBuilder();
  readonly config: ModelConfig;
  readonly owners: Owners;
  private readonly weights: Weights;
  private readonly loaded = new Map<string, Value>();

  constructor(config: ModelConfig, weights: Weights) {
    this.config = config;
    this.weights = weights;
    const { title } = config.family;
    const owner = (part: string) =>
      `transformers.models.${title.toLowerCase()}.modeling_${title.toLowerCase()}.${title}${part}`;
    this.owners = {
      norm: owner('RMSNorm'),
      attention: owner('Attention'),
      mlp: owner('MLP'),
      layer: owner('DecoderLayer'),
      model: owner('Model'),
      causalLm: owner('ForCausalLM'),
      rotary: owner('RotaryEmbedding'),
    };
  }

  /** A tensor of the checkpoint as float32; used twice (a tied embedding) it is one constant. */
  weight(name: string, shape: readonly number[]): Value {
    return this.constant(name, shape, () => {
      const part = this.config.family.partOf?.(name, this.config);
      if (!part) return this.weights.float32(name, shape);
      const [rows, ...rest] = shape as [number, ...number[]];
      const whole = this.weights.float32(part.tensor, [part.rows, ...rest]);
      const rowBytes = whole.byteLength / part.rows;
      return whole.subarray(part.begin * rowBytes, (part.begin + rows) * rowBytes);
    });
  }

  /** The weight of a norm, [width], as it multiplies. */
  normWeight(name: string, width: number): Value {
    return this.constant(name, [width], () => {
      const bytes = this.weights.float32(name, [width]);
      if (!this.config.recipe.normsAddOne) return bytes;
      const weight = new Float32Array(Uint8Array.from(bytes).buffer);
      return new Uint8Array(weight.map((w) => 1 + w).buffer);
    });
  }

  private constant(name: string, shape: readonly number[], read: () => Uint8Array): Value {
    let value = this.loaded.get(name);
    if (!value) {
      value = this.builder.constant(`tico::p_${name.replaceAll('.', '_')}`, shape, read());
      this.loaded.set(name, value);
    }
    return value;
  }

  /** Says which tensors of the checkpoint are left over, once the graph is complete. */
  warnUnused(): void {
    const { tieWordEmbeddings } = this.config;
    this.weights.warnUnused(
      (name) => name.endsWith('rotary_emb.inv_freq') || (tieWordEmbeddings && name === 'lm_head.weight'),
    );
  }
}
