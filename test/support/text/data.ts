/** Numbers in the graph language → bytes of a constant. */

import { TensorType, widenFloat16 } from '../../../lib/circle/index.ts';
import { typeName } from '../../../lib/circle/print/types.ts';
import { randomFloats, seeded } from '../mutate.ts';
import { hexBytes, numberOf } from './fields.ts';
import type { Words } from './scan.ts';

/** Bytes behind a hash in a text; undefined when they are not known. */
export type Constants = (hash: string) => Uint8Array | undefined;

const ARRAYS = new Map<TensorType, { from(numbers: Iterable<number>): ArrayBufferView }>([
  [TensorType.FLOAT32, Float32Array],
  [TensorType.FLOAT64, Float64Array],
  [TensorType.INT8, Int8Array],
  [TensorType.UINT8, Uint8Array],
  [TensorType.BOOL, Uint8Array],
  [TensorType.INT16, Int16Array],
  [TensorType.UINT16, Uint16Array],
  [TensorType.INT32, Int32Array],
  [TensorType.UINT32, Uint32Array],
]);

/** What stands behind `=`: numbers, `random SEED`, `0x…` or `sha256:…`. */
export function readData(
  words: Words,
  type: TensorType,
  shape: readonly number[],
  constants: Constants,
): Uint8Array {
  const { kind, text } = words.peek();
  if (kind === 'hex') return hexBytes(words.next().text);
  if (kind === 'hash') {
    const found = constants(words.next().text.slice('sha256:'.length));
    if (!found) throw new Error(`nobody knows the bytes of ${text}`);
    return found;
  }
  const count = shape.reduce((n, dim) => n * dim, 1);
  if (text === 'random') {
    words.next();
    return bytesOf(type, Array.from(randomFloats(count, seeded(Number(words.next().text))), String));
  }
  const numbers: string[] = [];
  while (!words.isAtEnd) {
    words.take(',');
    numbers.push(words.next().text);
  }
  if (numbers.length !== count) throw new Error(`expected ${count} numbers, got ${numbers.length}`);
  return bytesOf(type, numbers);
}

export function bytesOf(type: TensorType, texts: readonly string[]): Uint8Array {
  if (type === TensorType.INT64) return view(BigInt64Array.from(texts, BigInt));
  if (type === TensorType.UINT64) return view(BigUint64Array.from(texts, BigInt));
  const numbers = texts.map(numberOf);
  if (type === TensorType.FLOAT16) return view(Uint16Array.from(numbers, float16));
  if (type === TensorType.BFLOAT16) return view(Uint16Array.from(numbers, (n) => float32Bits(n) >>> 16));
  const array = ARRAYS.get(type);
  if (!array) throw new Error(`no numbers of type ${typeName(type)}; say bytes: 0x…`);
  return view(array.from(numbers));
}

function view({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function float32Bits(number: number): number {
  return new Uint32Array(Float32Array.of(number).buffer)[0]!;
}

let halves: Map<number, number> | undefined;

/** The float16 of a number that is one. */
function float16(number: number): number {
  halves ??= new Map(
    Array.from(widenFloat16(Uint16Array.from({ length: 65_536 }, (_, i) => i)), (word, i) => [word, i]),
  );
  const half = halves.get(float32Bits(number));
  if (half === undefined) throw new Error(`${number} is no float16`);
  return half;
}
