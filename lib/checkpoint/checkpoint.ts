/**
 * A checkpoint: what somebody has trained, whatever files it lies in. Readers of formats (safetensors.ts, gguf/) make
 * one; the exporter turns one into graphs and knows nothing of files.
 */
import type { ByteSource } from '../circle/index.ts';
import type { JsonObject } from '../json.ts';
import type { Dtype } from './dtypes.ts';

export interface CheckpointTensor {
  /** As its file calls it, for messages. */
  readonly name: string;
  readonly dtype: Dtype;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  /** Row-major, little-endian, in `dtype`; read from the file when it is asked for. */
  readonly source: ByteSource;
  /** The file that it lies in, for messages. */
  readonly path: string;
}

/** What text is encoded with: files of a Hugging Face directory, or a vocabulary within a GGUF file. */
export type CheckpointTokenizer =
  | {
      readonly kind: 'files';
      /** Paths; null where there is no such file. */
      readonly sentencePiece: string | null;
      readonly tokenizerJson: string | null;
      readonly tokenizerConfig: string | null;
    }
  | Vocabulary;

/** A tokenizer as GGUF's metadata have it. */
export interface Vocabulary {
  readonly kind: 'vocabulary';
  /** 'llama' (SentencePiece's), 'gpt2' (byte-level BPE), or another of GGUF's names. */
  readonly model: string;
  /** Which pre-tokenizer splits the text, by GGUF's name for it; null where the file does not say. */
  readonly pre: string | null;
  /** The piece of each id. */
  readonly pieces: readonly string[];
  /** Of each piece; null where the file has none. */
  readonly scores: Float32Array | null;
  /** GGUF's kinds of pieces: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; null: all are normal. */
  readonly kinds: Int32Array | null;
  /** Pairs of pieces, 'left right', the first first; null where the file has none. */
  readonly merges: readonly string[] | null;
  readonly bosId: number | null;
  readonly eosIds: readonly number[];
  readonly unknownId: number | null;
  readonly paddingId: number | null;
  /** Whether encoding a text begins and ends with these; null where the file does not say. */
  readonly addsBos: boolean | null;
  readonly addsEos: boolean | null;
  /** Whether a space is put in front of a text; null where the file does not say. */
  readonly addsSpacePrefix: boolean | null;
}

export interface Checkpoint {
  /** The directory or file, for messages. */
  readonly path: string;
  /** config.json, or what the metadata of a file say in the words of config.json. */
  readonly config: JsonObject;
  /** Where `config` was read, for messages. */
  readonly configPath: string;
  /** By the names of Hugging Face's checkpoints: model.layers.0.self_attn.q_proj.weight. */
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;
  /**
   * Families whose norms multiply by 1 + weight: whether the tensors hold 1 + weight already, as GGUF files do. Taking 1
   * away again would not give the same bits.
   */
  readonly normsIncludeOne: boolean;
  readonly tokenizer: CheckpointTokenizer;
  /** Chat templates by name (Jinja); the usual one is called 'default'. @throws GgmaError CONFIG */
  templates(): ReadonlyMap<string, string>;
}
