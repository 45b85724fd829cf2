/** How tensors of a checkpoint are stored: which Circle type has the same bytes, and what they mean as float32. */
import { float16Value, TensorType } from '../circle/index.ts';

export interface Dtype {
  /** As its format calls it. */
  readonly name: string;
  /** The Circle type whose tensors have the same bytes; null where there is none. */
  readonly type: TensorType | null;
  /** Elements of a block, and the bytes that it takes; plain types have blocks of one. */
  readonly elements: number;
  readonly bytes: number;
  /** Whole blocks as float32, every value exact; null for types that are no weights. `bytes` is 8-byte aligned. */
  readonly decode: ((bytes: Uint8Array, floats: Float32Array) => void) | null;
}

const plain = (
  name: string,
  bytes: number,
  type: TensorType | null = null,
  decode: Dtype['decode'] = null,
): Dtype => ({ name, type, elements: 1, bytes, decode });

const halvesOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  new Uint16Array(buffer, byteOffset, byteLength / 2);

/** The value of each float16, made at the first use: a look-up is several times faster than taking bits apart. */
let float16Values: Float32Array | null = null;

export function float16Table(): Float32Array {
  float16Values ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => float16Value(bits));
  return float16Values;
}

export const f32 = plain('F32', 4, TensorType.FLOAT32, ({ buffer, byteOffset }, floats) =>
  floats.set(new Float32Array(buffer, byteOffset, floats.length)),
);

export const f16 = plain('F16', 2, TensorType.FLOAT16, (bytes, floats) => {
  const [halves, values] = [halvesOf(bytes), float16Table()];
  for (let i = 0; i < floats.length; i++) floats[i] = values[halves[i]!]!;
});

export const bf16 = plain('BF16', 2, TensorType.BFLOAT16, (bytes, floats) => {
  const halves = halvesOf(bytes);
  const words = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  for (let i = 0; i < words.length; i++) words[i] = halves[i]! << 16;
});

/** Types of safetensors files. Only floats are weights; the others may lie in a file that is read for its floats. */
export const safetensorsDtypes: ReadonlyMap<string, Dtype> = new Map(
  [
    ...[f32, f16, bf16],
    ...['BOOL', 'U8', 'I8', 'F8_E5M2', 'F8_E4M3'].map((name) => plain(name, 1)),
    ...['U16', 'I16'].map((name) => plain(name, 2)),
    ...['U32', 'I32'].map((name) => plain(name, 4)),
    ...['U64', 'I64', 'F64'].map((name) => plain(name, 8)),
  ].map((dtype) => [dtype.name, dtype]),
);
