/** Constants as text: small ones whole, on the spot or in a line of their own; large ones by size, range and hash. */
import { createHash } from 'node:crypto';
import { type Elements, elementsOf } from '../elements.ts';
import type { Tensor } from '../index.ts';
import { TensorType } from '../schema/generated/enums.ts';
import { blockOf } from '../tensor-type.ts';
import { hexText } from './fields.ts';
import { float32Text, sizeText } from './numbers.ts';

/** Elements up to which a constant is shown whole. */
const INLINE = 8;
const WHOLE = 16;
const WHOLE_BYTES = 64;
const HASH_DIGITS = 16;

/** A constant as it stands among an operator's inputs: `0.5`, `7`, `[1,-1]`; undefined for others. */
export function literalText(tensor: Tensor, bytes: Uint8Array): string | undefined {
  const { shape, type } = tensor;
  // Whatever else the tensor says would be lost.
  const isPlain =
    !tensor.quantization &&
    !tensor.sparsity &&
    !tensor.isVariable &&
    !tensor.hasRank &&
    tensor.shapeSignature === null &&
    tensor.variantTensors === null &&
    tensor.compressionType === 0;
  if (!isPlain || shape === null || shape.length > 1 || bytes.byteLength > 4 * INLINE) return undefined;
  const elements = wholeElements(tensor, bytes);
  if (!elements) return undefined;
  if (type === TensorType.INT32)
    return shape.length === 0 ? `${elements[0]}` : `[${Array.from(elements as Int32Array).join(',')}]`;
  if (type === TensorType.FLOAT32 && shape.length === 0 && Number.isFinite(elements[0]))
    return float32Text(elements[0] as number);
  return undefined;
}

/** What stands behind `=` in the line of a constant, with a comment where that is a hash. */
export function dataText(tensor: Tensor, bytes: Uint8Array): string {
  const isShort = bytes.byteLength <= WHOLE_BYTES;
  const elements = isShort ? wholeElements(tensor, bytes) : undefined;
  if (elements && elements.length <= WHOLE && elements.length > 0 && isReadable(tensor.type, elements))
    return Array.from(elements as Float32Array, (value) => elementText(tensor.type, value)).join(' ');
  if (isShort) return hexText(bytes);
  return `sha256:${hashOf(bytes).slice(0, HASH_DIGITS)}  # ${summary(tensor.type, bytes)}`;
}

/** Hexadecimal SHA-256. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The short form that stands for data in a text. */
export function shortHash(bytes: Uint8Array): string {
  return hashOf(bytes).slice(0, HASH_DIGITS);
}

/** The elements when they are as many as the shape says. */
function wholeElements({ type, shape }: Tensor, bytes: Uint8Array): Elements | undefined {
  const block = blockOf(type);
  const count = (shape ?? []).reduce((n, dim) => n * dim, 1);
  return block && count * block.bytes === bytes.byteLength ? elementsOf(type, bytes) : undefined;
}

/** NaNs have many bit patterns, and BOOL bytes may be other than 0 and 1: those are shown as bytes. */
function isReadable(type: TensorType, elements: Elements): boolean {
  const values = Array.from(elements as Float32Array);
  if (type === TensorType.BOOL) return values.every((value) => value <= 1);
  return isFloat(type) ? type !== TensorType.FLOAT64 && values.every(Number.isFinite) : true;
}

function isFloat(type: TensorType): boolean {
  return (
    type === TensorType.FLOAT32 ||
    type === TensorType.FLOAT16 ||
    type === TensorType.BFLOAT16 ||
    type === TensorType.FLOAT64
  );
}

function elementText(type: TensorType, value: number): string {
  return isFloat(type) ? float32Text(value) : `${value}`;
}

/** `256 KiB, -0.51 … 0.49, mean 0.0012, 3 not finite` */
function summary(type: TensorType, bytes: Uint8Array): string {
  const size = sizeText(bytes.byteLength);
  const elements = elementsOf(type, bytes);
  if (!elements || elements.length === 0) return size;
  let [min, max, sum, finite] = [Infinity, -Infinity, 0, 0];
  for (const element of elements) {
    const value = Number(element);
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const odd = elements.length - finite;
  const parts = finite > 0 ? [`${short(min)} … ${short(max)}`, `mean ${short(sum / finite)}`] : [];
  return [size, ...parts, ...(odd > 0 ? [`${odd} not finite`] : [])].join(', ');
}

function short(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}
