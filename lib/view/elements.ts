/** The elements of a constant as numbers, whatever type they are stored in, a few thousand at a time. */
import { TensorType } from '../circle/index.ts';

/** Writes elements [from, from + out.length) to `out`; `from` is a multiple of 32. */
type Decode = (view: DataView, from: number, out: Float64Array) => void;

const CHUNK = 4096;

/** Whether the elements of a type can be shown as numbers. */
export function isNumeric(type: TensorType): boolean {
  return DECODERS.has(type);
}

/** Calls `visit` with all `count` elements in order; the array is used again for the next call. */
export function visitElements(
  type: TensorType,
  bytes: Uint8Array,
  count: number,
  visit: (elements: Float64Array) => void,
): void {
  const decode = DECODERS.get(type)!;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const room = new Float64Array(Math.min(count, CHUNK));
  for (let from = 0; from < count; from += CHUNK) {
    const out = room.subarray(0, Math.min(CHUNK, count - from));
    decode(view, from, out);
    visit(out);
  }
}

const each =
  (read: (view: DataView, i: number) => number): Decode =>
  (view, from, out) => {
    for (let i = 0; i < out.length; i++) out[i] = read(view, from + i);
  };

/** Two elements a byte, the first in the low half. */
const nibble = (view: DataView, i: number) => (view.getUint8(i >> 1) >> (4 * (i & 1))) & 15;

/** Blocks of 32 quants behind a float16 scale. */
const blocks =
  (bytes: number, quant: (view: DataView, at: number, j: number) => number): Decode =>
  (view, from, out) => {
    for (let i = 0; i < out.length; i++) {
      const at = ((from + i) >> 5) * bytes;
      out[i] = float16(view.getUint16(at, true)) * quant(view, at + 2, i & 31);
    }
  };

const DECODERS = new Map<TensorType, Decode>([
  [TensorType.FLOAT32, each((view, i) => view.getFloat32(4 * i, true))],
  [TensorType.FLOAT64, each((view, i) => view.getFloat64(8 * i, true))],
  [TensorType.FLOAT16, each((view, i) => float16(view.getUint16(2 * i, true)))],
  [TensorType.BFLOAT16, each((view, i) => bfloat16(view.getUint16(2 * i, true)))],
  [TensorType.INT64, each((view, i) => Number(view.getBigInt64(8 * i, true)))],
  [TensorType.UINT64, each((view, i) => Number(view.getBigUint64(8 * i, true)))],
  [TensorType.INT32, each((view, i) => view.getInt32(4 * i, true))],
  [TensorType.UINT32, each((view, i) => view.getUint32(4 * i, true))],
  [TensorType.INT16, each((view, i) => view.getInt16(2 * i, true))],
  [TensorType.UINT16, each((view, i) => view.getUint16(2 * i, true))],
  [TensorType.INT8, each((view, i) => view.getInt8(i))],
  [TensorType.UINT8, each((view, i) => view.getUint8(i))],
  [TensorType.BOOL, each((view, i) => view.getUint8(i))],
  [TensorType.UINT4, each(nibble)],
  [TensorType.INT4, each((view, i) => (nibble(view, i) << 28) >> 28)],
  [TensorType.GGML_Q8_0, blocks(34, (view, at, j) => view.getInt8(at + j))],
  [
    TensorType.GGML_Q4_0,
    blocks(18, (view, at, j) => ((view.getUint8(at + (j & 15)) >> (j < 16 ? 0 : 4)) & 15) - 8),
  ],
]);

function float16(bits: number): number {
  const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
  const size =
    exponent === 31
      ? fraction === 0
        ? Number.POSITIVE_INFINITY
        : Number.NaN
      : exponent === 0
        ? fraction * 2 ** -24
        : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -size : size;
}

const word = new DataView(new ArrayBuffer(4));

/** The upper half of a float32. */
function bfloat16(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
