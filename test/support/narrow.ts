/** Floats stored in the types that weights may have; rounded as GGML rounds. */
import { TensorType } from '../../lib/circle/index.ts';
import { floatsOf } from '../../lib/ir/constants.ts';
import { addConstant, setInput } from '../../lib/ir/edit.ts';
import type { Graph, Module, Op } from '../../lib/ir/graph.ts';

const word = new DataView(new ArrayBuffer(4));

function floatBits(x: number): number {
  word.setFloat32(0, x);
  return word.getUint32(0);
}

/** The nearest float16, of two the even one; for numbers below 65504. */
export function halfOf(x: number): number {
  const sign = x < 0 || Object.is(x, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(x);
  if (magnitude === 0) return sign;
  const exponent = Math.max(Math.floor(Math.log2(magnitude)), -14);
  const steps = magnitude / 2 ** (exponent - 10);
  const down = Math.floor(steps);
  const rest = steps - down;
  const rounded = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  // Below 1024 it is subnormal; 2048 carries into the exponent by itself.
  return sign | (rounded < 1024 ? rounded : ((exponent + 14) << 10) + rounded);
}

/** The number that a float16 is. */
function valueOfHalf(half: number): number {
  const [exponent, fraction] = [(half >> 10) & 31, half & 1023];
  const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return half & 0x8000 ? -magnitude : magnitude;
}

/** Little-endian bytes of the floats in that type; blocks of 32 for GGML's. */
export function narrow(type: TensorType, floats: Float32Array): Uint8Array {
  switch (type) {
    case TensorType.FLOAT16:
      return new Uint8Array(Uint16Array.from(floats, halfOf).buffer);
    case TensorType.BFLOAT16:
      return new Uint8Array(
        Uint16Array.from(floats, (x) => (floatBits(x) + 0x7fff + ((floatBits(x) >>> 16) & 1)) >>> 16).buffer,
      );
    case TensorType.GGML_Q8_0:
      return blocks(floats, (block) => {
        const scale = Math.max(...block.map(Math.abs)) / 127;
        const d = valueOfHalf(halfOf(scale)) || 1;
        return [scale, block.map((x) => Math.max(-127, Math.min(127, Math.round(x / d))) & 255)];
      });
    case TensorType.GGML_Q4_0:
      return blocks(floats, (block) => {
        const largest = block.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a));
        const scale = largest / -8;
        const d = valueOfHalf(halfOf(scale)) || 1;
        const q = block.map((x) => Math.max(0, Math.min(15, Math.round(x / d) + 8)));
        return [scale, Array.from({ length: 16 }, (_, j) => q[j]! | (q[j + 16]! << 4))];
      });
    default:
      throw new Error(`no way to store floats as ${TensorType[type]}`);
  }
}

function blocks(
  floats: Float32Array,
  store: (block: number[]) => [scale: number, bytes: number[]],
): Uint8Array {
  const out: number[] = [];
  for (let i = 0; i < floats.length; i += 32) {
    const [scale, bytes] = store([...floats.subarray(i, i + 32)]);
    const half = halfOf(scale);
    out.push(half & 255, half >> 8, ...bytes);
  }
  return Uint8Array.from(out);
}

/** Gives an operator a constant of another type in the place of a FLOAT32 one. */
export function narrowInput(module: Module, graph: Graph, op: Op, i: number, type: TensorType): void {
  const { name, shape } = op.input(i)!;
  const bytes = narrow(type, floatsOf(op.input(i))!);
  setInput(op, i, addConstant(module, graph, { name: `${name}_narrow`, type, shape, bytes }));
}
