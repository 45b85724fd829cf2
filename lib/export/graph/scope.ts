/** What the parts of a model share while a graph is built: operators, sizes, weights, class names. */
import type { StoredTensor } from '../../checkpoint/index.ts';
import type { Value } from '../../ir/graph/index.ts';
import type { ModelConfig } from '../config.ts';
import type { Weights } from '../weights.ts';
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
  readonly #weights: Weights;
  readonly #known = new Map<string, Value>();

  constructor(config: ModelConfig, weights: Weights) {
    this.config = config;
    this.#weights = weights;
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

  /** A matrix [rows, columns] of the checkpoint. One that is used twice, as a tied embedding is, becomes one constant. */
  matrix(name: string, shape: readonly number[]): Value {
    const { config } = this;
    return this.#constant(name, shape, () =>
      this.#weights.matrix(name, shape, config.family.partOf?.(name, config)),
    );
  }

  /** A bias, [length]. */
  vector(name: string, length: number): Value {
    return this.#constant(name, [length], () => this.#weights.vector(name, length));
  }

  /** The factor that a norm multiplies by, [width]. */
  normWeight(name: string, width: number): Value {
    return this.#constant(name, [width], () =>
      this.#weights.norm(name, width, this.config.recipe.normsAddOne),
    );
  }

  #constant(name: string, shape: readonly number[], make: () => StoredTensor): Value {
    let value = this.#known.get(name);
    if (!value) {
      const { type, source } = make();
      value = this.builder.constant(`tico::p_${name.replaceAll('.', '_')}`, shape, source, type);
      this.#known.set(name, value);
    }
    return value;
  }

  /** Warns, once the graph is complete, of tensors of the checkpoint that it does not use. */
  warnUnused(): void {
    const { tieWordEmbeddings } = this.config;
    this.#weights.warnUnused(
      (name) => name.endsWith('rotary_emb.inv_freq') || (tieWordEmbeddings && name === 'lm_head.weight'),
    );
  }
}
