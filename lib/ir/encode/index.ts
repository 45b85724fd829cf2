/**
 * Constants in a narrower type, their bytes made when they are asked for: a model of any size can change its types while
 * it is written, and nothing is ever held whole.
 */
import {
  type ByteSource,
  copyBytes,
  type FloatEncoding,
  type MadeRange,
  TensorType,
} from '../../circle/index.ts';
import { widen } from '../evaluate/index.ts';

/** Elements that are converted at a time: a multiple of every block. */
const PIECE = 2 ** 16;
const HALF_MAX = 65504;

/** Bytes of an element of the types that can be read. */
const WIDTHS = new Map<TensorType, number>([
  [TensorType.FLOAT32, 4],
  [TensorType.FLOAT16, 2],
  [TensorType.BFLOAT16, 2],
]);

/** The elements of a tensor of floats, a piece at a time. */
export class Floats {
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
export class Encoded implements MadeRange {
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

export interface Measured {
  /** Root of Σ (new − old)² / Σ old². */
  relative: number;
  /** The largest |new − old|. */
  largest: number;
  /** Why the tensor cannot be stored so. */
  problem: string | null;
}

/** Compares both; the first of what cannot be stored ends it. */
export function measure(floats: Floats, encoded: Encoded, { type, elements }: FloatEncoding): Measured {
  let squares = 0;
  let errors = 0;
  let largest = 0;
  for (let at = 0; at < floats.count; at += PIECE) {
    const count = Math.min(PIECE, floats.count - at);
    const old = floats.read(at, count);
    // Before the block's other elements suffer from it.
    let odd = 0;
    while (odd < count && Number.isFinite(old[odd])) odd++;
    if (odd < count) return { relative: 0, largest: 0, problem: `has ${old[odd]} at element ${at + odd}` };
    const made = widen(type, encoded.blocks(at / elements, count / elements), count);
    for (let i = 0; i < count; i++) {
      const a = old[i]!;
      const b = made[i]!;
      if (!Number.isFinite(b))
        return { relative: 0, largest: 0, problem: `has ${a}, more than a half can hold (${HALF_MAX})` };
      squares += a * a;
      const error = Math.abs(b - a);
      errors += error * error;
      if (error > largest) largest = error;
    }
  }
  return { relative: squares === 0 ? 0 : Math.sqrt(errors / squares), largest, problem: null };
}

/** Bytes of an element, or undefined for a type that is no plain float. */
export function floatWidth(type: TensorType): number | undefined {
  return WIDTHS.get(type);
}
