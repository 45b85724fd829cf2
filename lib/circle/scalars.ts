/** Numbers of a model → bytes, each checked against what its field can hold. */
import { Fault } from './fault.ts';
import type { Scalar } from './schema.ts';

/** Writes one scalar. @throws Fault CIRCLE_RANGE for a number that does not fit, CIRCLE_INVALID for no number */
export function putScalar(view: DataView, kind: Scalar, at: number, value: unknown): void {
  switch (kind) {
    case 'i32':
      view.setInt32(at, integer(value, -(2 ** 31), 2 ** 31 - 1), true);
      break;
    case 'i8':
      view.setInt8(at, integer(value, -128, 127));
      break;
    case 'u32':
      view.setUint32(at, integer(value, 0, 2 ** 32 - 1), true);
      break;
    case 'u8':
      view.setUint8(at, integer(value, 0, 255));
      break;
    case 'u16':
      view.setUint16(at, integer(value, 0, 2 ** 16 - 1), true);
      break;
    case 'bool':
      if (typeof value !== 'boolean') throw other('true or false', value);
      view.setUint8(at, value ? 1 : 0);
      break;
    case 'f32':
      if (typeof value !== 'number') throw other('a number', value);
      view.setFloat32(at, value, true);
      break;
    case 'i64':
      view.setBigInt64(at, bigInteger(value, -(2n ** 63n), 2n ** 63n - 1n), true);
      break;
    case 'u64':
      view.setBigUint64(at, bigInteger(value, 0n, 2n ** 64n - 1n), true);
      break;
  }
}

/** @throws Fault CIRCLE_INVALID for anything but a list */
export function vectorOf(value: unknown): ArrayLike<unknown> {
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)))
    return value as unknown as ArrayLike<unknown>;
  throw other('a vector', value);
}

function integer(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number') throw other('an integer', value);
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Fault('CIRCLE_RANGE', `expected an integer from ${min} to ${max}, got ${value}`);
  return value;
}

function bigInteger(value: unknown, min: bigint, max: bigint): bigint {
  if (typeof value !== 'bigint') throw other('a bigint', value);
  if (value < min || value > max)
    throw new Fault('CIRCLE_RANGE', `expected an integer from ${min} to ${max}, got ${value}`);
  return value;
}

function other(expected: string, value: unknown): Fault {
  return new Fault('CIRCLE_INVALID', `expected ${expected}, got ${value === null ? 'null' : typeof value}`);
}
