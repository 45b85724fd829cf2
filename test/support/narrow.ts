/** Floats stored in the types that weights may have; rounded as GGML rounds. */
import { floatEncodings, TensorType } from '../../lib/circle/index.ts';
import type { Graph, Module, Op } from '../../lib/ir/graph/index.ts';
import { addConstant, floatsOf, setInput } from '../../lib/ir/graph/index.ts';

/** Little-endian bytes of the floats in that type; blocks of 32 for GGML's. */
export function narrow(type: TensorType, floats: Float32Array): Uint8Array {
  const encoding = Object.values(floatEncodings).find((one) => one.type === type);
  if (!encoding) throw new Error(`no way to store floats as ${TensorType[type]}`);
  const bytes = new Uint8Array((floats.length / encoding.elements) * encoding.bytes);
  encoding.encode(floats, new DataView(bytes.buffer));
  return bytes;
}

/** Gives an operator a constant of another type in the place of a FLOAT32 one. */
export function narrowInput(module: Module, graph: Graph, op: Op, i: number, type: TensorType): void {
  const { name, shape } = op.input(i)!;
  const bytes = narrow(type, floatsOf(op.input(i))!);
  setInput(op, i, addConstant(module, graph, { name: `${name}_narrow`, type, shape, bytes }));
}
