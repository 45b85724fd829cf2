/**
 * quantize: matrices of weights in a narrower type, in GGML's blocks or as halves.
 *
 *   BEFORE  FULLY_CONNECTED(x, W f32[out, in])      AFTER  FULLY_CONNECTED(x, W ggml_q8_0[out, in])
 *
 * Matrices that only FULLY_CONNECTED, GATHER (an embedding) or ATTENTION read. The bytes are made while the file is
 * written, so that a model of any size passes; the errors are measured before, in a first pass over the data.
 */
import {
  BuiltinOperator,
  type ByteSource,
  type CircleBuffer,
  copyBytes,
  type FloatEncoding,
  type FloatEncodingName,
  floatEncodings,
  type MadeRange,
  operatorName,
  TensorType,
  tensorTypeName,
} from '../circle/index.ts';
import { Depends, dependence } from '../ir/dependence.ts';
import { widen } from '../ir/evaluate/widen.ts';
import type { Module, Op, Value } from '../ir/graph.ts';
import { type Filter, type Outcome, usageError } from './pass.ts';

/** Elements that are converted at a time: a multiple of every block. */
const PIECE = 2 ** 16;
const HALF_MAX = 65504;

const WIDTHS = new Map<TensorType, number>([
  [TensorType.FLOAT32, 4],
  [TensorType.FLOAT16, 2],
  [TensorType.BFLOAT16, 2],
]);

/** The elements of a tensor of floats, a piece at a time. */
class Floats {
  readonly count: number;
  private readonly source: ByteSource;
  private readonly type: TensorType;
  private readonly width: number;

  constructor(source: ByteSource, type: TensorType) {
    this.source = source;
    this.type = type;
    this.width = WIDTHS.get(type)!;
    this.count = source.byteLength / this.width;
  }

  /** @returns [count] floats, valid for as long as the caller likes */
  read(from: number, count: number): Float32Array {
    const bytes = new Uint8Array(count * this.width);
    copyBytes(this.source, from * this.width, bytes);
    return this.type === TensorType.FLOAT32 ? new Float32Array(bytes.buffer) : widen(this.type, bytes, count);
  }
}

/** The bytes of a tensor in another type, made when they are asked for. */
class Encoded implements MadeRange {
  readonly byteLength: number;
  private readonly floats: Floats;
  private readonly encoding: FloatEncoding;

  constructor(floats: Floats, encoding: FloatEncoding) {
    this.floats = floats;
    this.encoding = encoding;
    this.byteLength = (floats.count / encoding.elements) * encoding.bytes;
  }

  read(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(bytes, 0);
    return bytes;
  }

  copyTo(target: Uint8Array, from: number): void {
    const { elements, bytes } = this.encoding;
    const blocks = PIECE / elements;
    // Pieces do not end where blocks do: the first and the last are made whole and copied in part.
    for (let at = from; at < from + target.byteLength; ) {
      const first = Math.floor(at / bytes);
      const count = Math.min(blocks, Math.ceil((from + target.byteLength) / bytes) - first);
      const made = this.blocks(first, count).subarray(at - first * bytes);
      const part = made.subarray(0, from + target.byteLength - at);
      target.set(part, at - from);
      at += part.byteLength;
    }
  }

  blocks(first: number, count: number): Uint8Array {
    const { elements, bytes, encode } = this.encoding;
    const made = new Uint8Array(count * bytes);
    encode(this.floats.read(first * elements, count * elements), new DataView(made.buffer));
    return made;
  }
}

interface Measured {
  /** Root of Σ (new − old)² / Σ old². */
  relative: number;
  /** The largest |new − old|. */
  largest: number;
  /** Why the tensor cannot be stored so. */
  problem: string | null;
}

function measure(floats: Floats, encoded: Encoded, { type, elements }: FloatEncoding): Measured {
  let [squares, errors, largest] = [0, 0, 0];
  for (let at = 0; at < floats.count; at += PIECE) {
    const count = Math.min(PIECE, floats.count - at);
    const old = floats.read(at, count);
    // Before the block's other elements suffer from it.
    const odd = old.findIndex((x) => !Number.isFinite(x));
    if (odd >= 0) return { relative: 0, largest: 0, problem: `has ${old[odd]} at element ${at + odd}` };
    const made = widen(type, encoded.blocks(at / elements, count / elements), count);
    for (let i = 0; i < count; i++) {
      const [a, b] = [old[i]!, made[i]!];
      if (!Number.isFinite(b))
        return { relative: 0, largest: 0, problem: `has ${a}, more than a half can hold (${HALF_MAX})` };
      squares += a * a;
      errors += (b - a) ** 2;
      largest = Math.max(largest, Math.abs(b - a));
    }
  }
  return { relative: squares === 0 ? 0 : Math.sqrt(errors / squares), largest, problem: null };
}

interface Options {
  dtype: FloatEncodingName;
  /** Names that stay; * stands for any characters. */
  keep: readonly RegExp[];
}

/** ATTENTION's wq, wk, wv and wo; behind them come cos and sin, which may be matrices too. */
const ATTENTION_WEIGHTS = [1, 2, 3, 4];

/**
 * Whether the operator reads the value as a matrix of weights: multiplies by it what comes of tokens, or looks tokens up
 * in it. What it does with positions alone (the frequencies of RoPE, tables of cos and sin) is no weight: a program
 * that took it for exact would change with it.
 */
function isWeightOf(op: Op, value: Value, depends: Map<Value, number>): boolean {
  const comesOfTokens = (input: Value | undefined) =>
    input !== undefined && ((depends.get(input) ?? 0) & Depends.token) !== 0;
  const onlyAt = (places: readonly number[]) =>
    op.inputs.every((input, i) => input !== value || places.includes(i));
  switch (op.code) {
    case BuiltinOperator.FULLY_CONNECTED:
      return onlyAt([1]) && comesOfTokens(op.input(0));
    case BuiltinOperator.GATHER:
      return onlyAt([0]) && comesOfTokens(op.input(1));
    case BuiltinOperator.ATTENTION:
      return onlyAt(ATTENTION_WEIGHTS);
    default:
      return false;
  }
}

function isCandidate(value: Value, depends: Map<Value, number>): boolean {
  return (
    value.isConstant &&
    WIDTHS.has(value.type) &&
    value.shape.length === 2 &&
    value.users.some((op) => isWeightOf(op, value, depends))
  );
}

/** Why a matrix stays as it is, or null. */
function obstacle(
  value: Value,
  { elements, type }: FloatEncoding,
  keep: readonly RegExp[],
  depends: Map<Value, number>,
): string | null {
  if (keep.some((pattern) => pattern.test(value.name))) return 'is to be kept';
  if (value.type === type) return `is ${tensorTypeName(type)} already`;
  const other = value.users.find((op) => !isWeightOf(op, value, depends));
  if (other) return `is read by ${operatorName(other.code)} as something else than weights of tokens`;
  if (value.attributes.quantization?.scale?.length) return 'is quantised already';
  if (value.shape[1]! % elements !== 0) return `has rows of ${value.shape[1]}, no multiple of ${elements}`;
  const need = value.shape[0]! * value.shape[1]! * WIDTHS.get(value.type)!;
  const { byteLength } = value.buffer.data!;
  return byteLength === need ? null : `has ${byteLength} bytes instead of ${need}`;
}

/** Converts a module's matrices in place. */
export function quantizeModule(module: Module, { dtype, keep }: Options): Outcome {
  const encoding: FloatEncoding = floatEncodings[dtype];
  const outcome: Outcome = { changed: 0, candidates: 0, what: 'matrices of weights', reasons: [], notes: [] };
  // Graphs share buffers: a buffer changes for all tensors that have it, or not at all.
  const tensors = new Map<CircleBuffer, Value[]>();
  const outputs = new Set(module.graphs.flatMap((graph) => graph.outputs));
  const depends = new Map(module.graphs.flatMap((graph) => [...dependence(graph)]));
  for (const { values } of module.graphs)
    for (const value of values) {
      const list = tensors.get(value.buffer);
      if (list) list.push(value);
      else tensors.set(value.buffer, [value]);
    }
  for (const [buffer, values] of tensors) {
    const first = values.find((value) => isCandidate(value, depends));
    if (!first) continue;
    outcome.candidates++;
    const stays = (why: string) => outcome.reasons.push(`'${first.name}' ${why}`);
    const why = values
      .map((value) => obstacle(value, encoding, keep, depends))
      .find((reason) => reason !== null);
    const isOther = ({ type, shape }: Value) => type !== first.type || shape.join() !== first.shape.join();
    if (why !== undefined && why !== null) stays(why);
    else if (values.some((value) => outputs.has(value))) stays('is a graph output');
    else if (values.some(isOther)) stays('has its data in common with a tensor of another shape or type');
    else if (module.metadata?.some((entry) => entry.buffer === buffer))
      stays('has its data in common with metadata');
    else {
      const floats = new Floats(buffer.data!, first.type);
      const encoded = new Encoded(floats, encoding);
      const { relative, largest, problem } = measure(floats, encoded, encoding);
      if (problem !== null) {
        stays(problem);
        continue;
      }
      outcome.notes!.push(
        `${tensorTypeName(first.type)} → ${tensorTypeName(encoding.type)} error ${(100 * relative).toPrecision(3)} % (rms), at most ${largest.toPrecision(3)}: ${first.name}`,
      );
      const made: CircleBuffer = { data: encoded };
      module.buffers[module.buffers.indexOf(buffer)] = made;
      for (const value of values) {
        value.buffer = made;
        value.type = encoding.type;
      }
      outcome.changed++;
    }
  }
  return outcome;
}

const names = Object.keys(floatEncodings) as FloatEncodingName[];

export const quantize: Filter = {
  kind: 'filter',
  name: 'quantize',
  summary: 'store matrices of weights as f16, bf16, q8_0 or q4_0',
  usage: `--dtype ${names.join('|')} [--keep NAME…]`,
  example: ['--dtype', 'q8_0', '--keep', '*embed_tokens*'],
  prepare(words) {
    const [flag, dtype, keepFlag, ...keep] = words;
    if (flag !== '--dtype' || !names.includes(dtype as FloatEncodingName))
      throw usageError(this, `expected --dtype and one of ${names.join(', ')}, got '${words.join(' ')}'`);
    if (keepFlag !== undefined && keepFlag !== '--keep')
      throw usageError(this, `expected --keep, got '${keepFlag}'`);
    if (keepFlag === '--keep' && keep.length === 0)
      throw usageError(this, 'expected names of tensors behind --keep, got nothing');
    const patterns = keep.map(
      (name) =>
        new RegExp(
          `^${name
            .split('*')
            .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}]/g, '\\$&'))
            .join('.*')}$`,
          's',
        ),
    );
    return (module) => quantizeModule(module, { dtype: dtype as FloatEncodingName, keep: patterns });
  },
};
