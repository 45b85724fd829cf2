/** NaN and infinities among weights, found while bytes pass by: no tensor is ever held whole. */
import { copyBytes, withScratch } from '../circle/index.ts';
import type { Checkpoint, CheckpointTensor } from './checkpoint.ts';
import { bf16, type Dtype, f16, f32 } from './dtypes.ts';

/** NaN and infinities have all bits of the exponent set. */
const EXPONENTS = new Map<Dtype, number>([
  [f32, 0x7f800000],
  [f16, 0x7c00],
  [bf16, 0x7f80],
]);

function isFiniteEach(words: Uint32Array | Uint16Array, exponent: number): boolean {
  for (let i = 0; i < words.length; i++) if ((words[i]! & exponent) === exponent) return false;
  return true;
}

/** Whether whole blocks hold finite values alone. `bytes` is 8-byte aligned. A type that is no weight counts as finite. */
export function isFinitePiece(dtype: Dtype, bytes: Uint8Array): boolean {
  const { buffer, byteOffset, byteLength } = bytes;
  const exponent = EXPONENTS.get(dtype);
  if (exponent !== undefined) {
    const words =
      dtype.bytes === 4
        ? new Uint32Array(buffer, byteOffset, byteLength / 4)
        : new Uint16Array(buffer, byteOffset, byteLength / 2);
    return isFiniteEach(words, exponent);
  }
  const { decode } = dtype;
  if (decode === null) return true;
  const count = (byteLength / dtype.bytes) * dtype.elements;
  return withScratch(4 * count, (scratch) => {
    const floats = new Float32Array(scratch.buffer, 0, count);
    decode(bytes, floats);
    return isFiniteEach(new Uint32Array(scratch.buffer, 0, count), EXPONENTS.get(f32)!);
  });
}

/** Where the first value that is not finite lies, or -1. */
export function firstNotFinite(floats: Float32Array): number {
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  if (isFiniteEach(words, EXPONENTS.get(f32)!)) return -1;
  return floats.findIndex((x) => !Number.isFinite(x));
}

/** Elements that are looked at in one go. */
const PIECE = 2 ** 18;

/**
 * Names of all tensors with a NaN or an infinity among their values; reads every byte of the weights.
 * @param onRead called with a tensor's name before it is read
 */
export function* notFinite(checkpoint: Checkpoint, onRead?: (name: string) => void): Generator<string> {
  for (const [name, tensor] of checkpoint.tensors) {
    onRead?.(name);
    if (tensor.dtype.decode !== null && !isFiniteTensor(tensor)) yield name;
  }
}

function isFiniteTensor({ dtype, source }: CheckpointTensor): boolean {
  const piece = (PIECE / dtype.elements) * dtype.bytes;
  for (let at = 0; at < source.byteLength; at += piece) {
    const isFine = withScratch(Math.min(piece, source.byteLength - at), (bytes) => {
      copyBytes(source, at, bytes);
      return isFinitePiece(dtype, bytes);
    });
    if (!isFine) return false;
  }
  return true;
}
