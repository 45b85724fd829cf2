/** The matrices of a module in another number format, for measuring; block formats as ggml writes them. */
import { BuiltinOperator, type CircleBuffer, TensorType } from '../../lib/circle/index.ts';
import { floatsOf } from '../../lib/ir/constants.ts';
import type { Module, Value } from '../../lib/ir/index.ts';

export const dtypes = {
  f32: { type: TensorType.FLOAT32, convert: null },
  f16: { type: TensorType.FLOAT16, convert: toHalves },
  bf16: { type: TensorType.BFLOAT16, convert: toBfloats },
  q8_0: { type: TensorType.GGML_Q8_0, convert: toQ8 },
  q4_0: { type: TensorType.GGML_Q4_0, convert: toQ4 },
} as const;

export type DtypeName = keyof typeof dtypes;

/** Converts the matrices that products and embeddings read, in place; norms stay as they are. */
export function convertMatrices(module: Module, dtype: DtypeName): void {
  const { type, convert } = dtypes[dtype];
  if (convert === null) return;
  const made = new Map<CircleBuffer, CircleBuffer>();
  for (const graph of module.graphs) {
    for (const value of graph.values) {
      if (!isMatrix(value)) continue;
      let buffer = made.get(value.buffer);
      if (buffer === undefined) {
        buffer = { data: convert(floatsOf(value)!) };
        made.set(value.buffer, buffer);
        module.buffers[module.buffers.indexOf(value.buffer)] = buffer;
      }
      value.buffer = buffer;
      value.type = type;
    }
  }
}

function isMatrix(value: Value): boolean {
  const readers = [BuiltinOperator.FULLY_CONNECTED, BuiltinOperator.GATHER, BuiltinOperator.ATTENTION];
  return (
    value.isConstant &&
    value.type === TensorType.FLOAT32 &&
    value.shape.length === 2 &&
    value.shape[0]! > 1 &&
    value.shape[1]! % 32 === 0 &&
    value.users.length > 0 &&
    value.users.every((op) => readers.includes(op.code))
  );
}

/** Rounded to nearest, ties to even. */
function halfOf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const size = Math.abs(x);
  if (!(size < 65520)) return sign | (Number.isNaN(x) ? 0x7e00 : 0x7c00);
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = size / 2 ** (exponent - 10);
  const floor = Math.floor(steps);
  const rest = steps - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  return sign | (size === 0 ? 0 : ((exponent + 14) << 10) + rounded);
}

function toHalves(floats: Float32Array): Uint8Array {
  return new Uint8Array(Uint16Array.from(floats, halfOf).buffer);
}

function toBfloats(floats: Float32Array): Uint8Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  return new Uint8Array(
    Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16).buffer,
  );
}

function toQ8(floats: Float32Array): Uint8Array {
  const out = Buffer.alloc((floats.length / 32) * 34);
  for (let at = 0, to = 0; at < floats.length; at += 32, to += 34) {
    let top = 0;
    for (let i = 0; i < 32; i++) top = Math.max(top, Math.abs(floats[at + i]!));
    out.writeUInt16LE(halfOf(top / 127), to);
    const inverse = top === 0 ? 0 : 127 / top;
    for (let i = 0; i < 32; i++) out[to + 2 + i] = Math.round(floats[at + i]! * inverse);
  }
  return out;
}

function toQ4(floats: Float32Array): Uint8Array {
  const out = Buffer.alloc((floats.length / 32) * 18);
  for (let at = 0, to = 0; at < floats.length; at += 32, to += 18) {
    let top = 0;
    for (let i = 0; i < 32; i++) if (Math.abs(floats[at + i]!) > Math.abs(top)) top = floats[at + i]!;
    const scale = top / -8;
    out.writeUInt16LE(halfOf(scale), to);
    const inverse = scale === 0 ? 0 : 1 / scale;
    const nibble = (i: number) => Math.min(15, Math.floor(floats[at + i]! * inverse + 8.5));
    for (let i = 0; i < 16; i++) out[to + 2 + i] = nibble(i) | (nibble(i + 16) << 4);
  }
  return out;
}
