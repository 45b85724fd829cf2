/**
 * A tensor of a checkpoint as a constant of a graph, in the type that is wanted: its bytes are converted piece by piece
 * while a file is written.
 */
import {
  type ByteSource,
  copyBytes,
  type FloatEncodingName,
  floatEncodings,
  MadeUnits,
  TensorType,
  withScratch,
} from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import type { CheckpointTensor } from './checkpoint.ts';
import type { Dtype } from './dtypes.ts';
import { firstNotFinite, isFinitePiece } from './finite.ts';

/** Types that weights can be stored in: one of these, or 'auto': what the file has, where Circle has it. */
const encodingNames = Object.keys(floatEncodings) as FloatEncodingName[];
export const storedDtypes = ['auto', 'f32', ...encodingNames] as const;
export type StoredDtype = (typeof storedDtypes)[number];

export interface StoredTensor {
  type: TensorType;
  source: ByteSource;
}

export interface StoreOptions {
  /** Called once, before the first byte is read. */
  onRead?: ((name: string) => void) | undefined;
  /** Called once, when a value that is NaN or infinite passes by. */
  onNotFinite?: ((name: string) => void) | undefined;
  /** What is stored is 1 + weight, rounded to float32. Only with 'f32'. */
  addOne?: boolean;
}

/** A type to convert to: how blocks are written. */
interface Target {
  name: string;
  type: TensorType;
  elements: number;
  bytes: number;
  /** null: float32, which is what is converted. */
  encode: ((floats: Float32Array, target: DataView) => void) | null;
  overflow: { divisor: number; limit: number } | null;
}

const float32: Target = {
  ...{ name: 'f32', type: TensorType.FLOAT32, elements: 1, bytes: 4 },
  encode: null,
  overflow: null,
};

function encodingNamed(name: FloatEncodingName): Target {
  return { ...floatEncodings[name], name, overflow: OVERFLOWS[name] };
}

/** Whether rows of `width` elements can be stored so: blocks must fill them. */
export function fitsRows(dtype: StoredDtype, width: number): boolean {
  if (dtype === 'auto' || dtype === 'f32') return true;
  return width % floatEncodings[dtype].elements === 0;
}

/**
 * @throws GgmaError WEIGHTS for a tensor of no weights. Its source throws WEIGHTS, when it is read, for values that the
 * type cannot hold, and what the file's reader throws
 */
export function stored(
  tensor: CheckpointTensor,
  dtype: StoredDtype,
  options: StoreOptions = {},
): StoredTensor {
  if (tensor.dtype.decode === null)
    throw new GgmaError(
      'WEIGHTS',
      `expected F32, F16 or BF16 for '${tensor.name}', got ${tensor.dtype.name}`,
      {
        path: tensor.path,
      },
    );
  const watch = new Watch(tensor.name, options);
  const target = targetOf(tensor.dtype, dtype);
  if (target.type === tensor.dtype.type && !options.addOne)
    return { type: target.type, source: copied(tensor, watch) };
  return { type: target.type, source: converted(tensor, target, watch, options.addOne ?? false) };
}

/** A whole tensor as little-endian float32. @throws GgmaError WEIGHTS, what the file's reader throws */
export function readFloats(tensor: CheckpointTensor): Float32Array<ArrayBuffer> {
  const { source } = stored(tensor, 'f32');
  const bytes = new Uint8Array(source.byteLength);
  copyBytes(source, 0, bytes);
  return new Float32Array(bytes.buffer);
}

function targetOf({ type }: Dtype, wanted: StoredDtype): Target {
  if (wanted === 'f32') return float32;
  if (wanted !== 'auto') return encodingNamed(wanted);
  // A type that Circle does not have is widened: nothing is lost.
  const name = encodingNames.find((known) => floatEncodings[known].type === type);
  return name === undefined ? float32 : encodingNamed(name);
}

/** Tells the caller of a tensor's reading and of odd values, each once. */
class Watch {
  readonly #name: string;
  readonly #options: StoreOptions;
  #isRead = false;
  #isOdd = false;

  constructor(name: string, options: StoreOptions) {
    this.#name = name;
    this.#options = options;
  }

  reads(): void {
    if (this.#isRead) return;
    this.#isRead = true;
    this.#options.onRead?.(this.#name);
  }

  /** Whether values still have to be looked at. */
  get looks(): boolean {
    return this.#options.onNotFinite !== undefined && !this.#isOdd;
  }

  finds(): void {
    this.#isOdd = true;
    this.#options.onNotFinite?.(this.#name);
  }
}

/** The file's own bytes, looked at while they pass by. */
function copied({ source, dtype }: CheckpointTensor, watch: Watch): ByteSource {
  return new MadeUnits(source.byteLength, dtype.bytes, (first, target) => {
    watch.reads();
    copyBytes(source, first * dtype.bytes, target);
    if (!watch.looks) return;
    const isFine = isAligned(target)
      ? isFinitePiece(dtype, target)
      : withScratch(target.byteLength, (bytes) => {
          bytes.set(target);
          return isFinitePiece(dtype, bytes);
        });
    if (!isFine) watch.finds();
  });
}

function isAligned({ byteOffset }: Uint8Array): boolean {
  return byteOffset % 8 === 0;
}

function converted(tensor: CheckpointTensor, target: Target, watch: Watch, addOne: boolean): ByteSource {
  const { dtype, source } = tensor;
  // A unit is what both types can begin and end with: all numbers of elements in a block are powers of two.
  const elements = Math.max(dtype.elements, target.elements);
  const unit = (elements / target.elements) * target.bytes;
  const count = (source.byteLength / dtype.bytes) * dtype.elements;
  return new MadeUnits((count / elements) * unit, unit, (first, piece) => {
    watch.reads();
    const size = (piece.byteLength / unit) * elements;
    const isDirect = target.encode === null && piece.byteOffset % 4 === 0;
    const fill = (floats: Float32Array) => {
      withScratch((size / dtype.elements) * dtype.bytes, (bytes) => {
        copyBytes(source, ((first * elements) / dtype.elements) * dtype.bytes, bytes);
        dtype.decode!(bytes, floats);
      });
      if (addOne) for (let i = 0; i < size; i++) floats[i] = 1 + floats[i]!;
      check(tensor, target, floats, first * elements, watch);
    };
    if (isDirect) fill(new Float32Array(piece.buffer, piece.byteOffset, size));
    else
      withScratch(4 * size, ({ buffer }) => {
        const floats = new Float32Array(buffer, 0, size);
        fill(floats);
        if (target.encode === null) piece.set(new Uint8Array(buffer, 0, 4 * size));
        else {
          const view = new DataView(piece.buffer, piece.byteOffset, piece.byteLength);
          target.encode(floats, view);
        }
      });
  });
}

/** |value / divisor| from which on a type has infinity in its place: a float16 or bfloat16 rounds up to it. */
const OVERFLOWS: Readonly<Record<FloatEncodingName, { divisor: number; limit: number }>> = {
  f16: { divisor: 1, limit: 65520 },
  bf16: { divisor: 1, limit: (2 - 2 ** -8) * 2 ** 127 },
  // The scale of a block is a float16.
  q8_0: { divisor: 127, limit: 65520 },
  q4_0: { divisor: 8, limit: 65520 },
};

/**
 * What is not finite is told, where the type can hold it. In a block it would spoil the other elements, and a value that
 * is too large would become infinite: both are refused.
 */
function check(
  { name, path }: CheckpointTensor,
  target: Target,
  floats: Float32Array,
  first: number,
  watch: Watch,
): void {
  const isBlock = target.elements > 1;
  const refuse = (at: number): never => {
    throw new GgmaError(
      'WEIGHTS',
      `expected values that ${target.name} can hold for '${name}', got ${floats[at]} at element ${first + at}; f32 keeps it as it is`,
      { path },
    );
  };
  if (isBlock || watch.looks) {
    const odd = firstNotFinite(floats);
    if (odd >= 0 && isBlock) refuse(odd);
    if (odd >= 0 && watch.looks) watch.finds();
  }
  if (target.overflow === null) return;
  const { divisor, limit } = target.overflow;
  for (let i = 0; i < floats.length; i++) {
    const size = Math.abs(floats[i]!);
    if (size >= limit && size !== Infinity && Math.fround(size / divisor) >= limit) refuse(i);
  }
}
