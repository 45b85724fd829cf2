/** The labels of a program's instructions as they lie in a prepared file. */
import type { StepLabel } from '../../plan/index.ts';

export function encodeLabels(labels: readonly StepLabel[]): Uint8Array {
  return Buffer.from(JSON.stringify(labels.map(({ layer, part }) => [layer, part])));
}

/** Labels are for people who read a profile: from a damaged file there are none, and the model runs all the same. */
export function decodeLabels(bytes: Uint8Array): StepLabel[] {
  try {
    const list: unknown = JSON.parse(Buffer.from(bytes).toString());
    return Array.isArray(list) && list.every(isPair) ? list.map(([layer, part]) => ({ layer, part })) : [];
  } catch {
    return [];
  }
}

function isPair(item: unknown): item is [string, string] {
  return Array.isArray(item) && item.length === 2 && item.every((text) => typeof text === 'string');
}
