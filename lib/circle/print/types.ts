/** Short names of element types, and tensor types as `f32[1,32]`. */
import { TensorType } from '../schema/generated/enums.ts';

const NAMES: Readonly<Record<TensorType, string>> = {
  [TensorType.FLOAT32]: 'f32',
  [TensorType.FLOAT16]: 'f16',
  [TensorType.BFLOAT16]: 'bf16',
  [TensorType.FLOAT64]: 'f64',
  [TensorType.INT8]: 'i8',
  [TensorType.INT16]: 'i16',
  [TensorType.INT32]: 'i32',
  [TensorType.INT64]: 'i64',
  [TensorType.UINT8]: 'u8',
  [TensorType.UINT16]: 'u16',
  [TensorType.UINT32]: 'u32',
  [TensorType.UINT64]: 'u64',
  [TensorType.INT4]: 'i4',
  [TensorType.UINT4]: 'u4',
  [TensorType.BOOL]: 'bool',
  [TensorType.STRING]: 'str',
  [TensorType.COMPLEX64]: 'c64',
  [TensorType.COMPLEX128]: 'c128',
  [TensorType.RESOURCE]: 'resource',
  [TensorType.VARIANT]: 'variant',
  [TensorType.GGML_Q4_0]: 'q4_0',
  [TensorType.GGML_Q4_1]: 'q4_1',
  [TensorType.GGML_Q8_0]: 'q8_0',
  [TensorType.GGML_Q8_1]: 'q8_1',
  [TensorType.MXFP4]: 'mxfp4',
  [TensorType.MXINT8]: 'mxint8',
};

const byName = new Map(Object.entries(NAMES).map(([type, name]) => [name, Number(type) as TensorType]));

/** `f32`; `type42` for a number that the schema does not have. */
export function typeName(type: TensorType): string {
  return NAMES[type] ?? `type${type}`;
}

/** The type of a short name, or undefined. */
export function typeNamed(name: string): TensorType | undefined {
  const number = /^type(-?\d+)$/.exec(name)?.[1];
  return number === undefined ? byName.get(name) : (Number(number) as TensorType);
}

/** `f32[1,32]`, `f32[]` for a scalar, `f32` for a tensor without a shape. */
export function tensorTypeText(type: TensorType, shape: readonly number[] | null): string {
  return shape === null ? typeName(type) : `${typeName(type)}[${shape.join(',')}]`;
}
