/**
 * Values of options that go without saying, which is what exporters write: the schema's defaults but for these. A
 * text may leave them out; the printer shows them all the same unless they are 0, false or empty, so that a reader
 * has to know no default.
 */

import { tableOf } from '../schema.ts';

const EXPORTED: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  AddOptions: { potScaleInt16: false },
  SubOptions: { potScaleInt16: false },
  FullyConnectedOptions: { keepNumDims: true },
  PackOptions: { valuesCount: 1 },
  ReducerOptions: { keepDims: true },
  ReshapeOptions: { newShape: [] },
  SoftmaxOptions: { beta: 1 },
  SplitOptions: { numSplits: 1 },
  SqueezeOptions: { squeezeDims: [] },
};

/** Every field of an options table at its usual value. */
export function usualFields(table: string): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const field of tableOf(table).fields) {
    if (field.deprecated) continue;
    fields[field.key] = field.vector || field.scalar === null ? null : field.initial;
  }
  return { ...fields, ...EXPORTED[table] };
}
