/** The matrices of a module in another number format, for measuring. */
import { type FloatEncodingName, floatEncodings } from '../../lib/circle/index.ts';
import type { Module } from '../../lib/ir/graph/index.ts';
import { quantizeModule } from '../../lib/passes/index.ts';

export const dtypes = ['f32', ...Object.keys(floatEncodings)] as DtypeName[];

export type DtypeName = 'f32' | FloatEncodingName;

export const isDtype = (name: string): name is DtypeName => (dtypes as string[]).includes(name);

/** Converts the matrices that products and embeddings read, in place; norms stay as they are. */
export function convertMatrices(module: Module, dtype: DtypeName): void {
  if (dtype === 'f32') return;
  const { changed, candidates } = quantizeModule(module, { dtype, keep: [] });
  if (changed !== candidates) throw new Error(`expected ${candidates} matrices in ${dtype}, got ${changed}`);
}

/**
 * What products with such weights make of activations: "a8", rounded to int8 of −127 … 127 with a scale for each 32
 * (native/kernels/quantize.inc); '' where they stay floats.
 */
export const int8Form = (dtype: DtypeName): string => (dtype === 'q8_0' || dtype === 'q4_0' ? 'a8' : '');
