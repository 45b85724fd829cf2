/** Random changes of a Circle model, anywhere: numbers, lists, absent parts. */
import type { Model } from '../../lib/circle/index.ts';
import type { Random } from './mutate.ts';

interface Place {
  holder: Record<string, unknown>;
  key: string;
}

/** Changes one to three places. */
export function mutateModel(model: Model, random: Random): void {
  for (let left = 1 + Math.floor(3 * random()); left > 0; left--) {
    const places: Place[] = [];
    collect(model as unknown as Record<string, unknown>, places);
    const { holder, key } = places[Math.floor(random() * places.length)]!;
    holder[key] = changed(holder[key], random);
  }
}

function collect(holder: Record<string, unknown>, places: Place[]): void {
  for (const [key, value] of Object.entries(holder)) {
    places.push({ holder, key });
    if (value !== null && typeof value === 'object' && !ArrayBuffer.isView(value))
      collect(value as Record<string, unknown>, places);
  }
}

const NUMBERS = [-2, -1, 0, 1, 2, 3, 7, 100, 2 ** 31 - 1, -(2 ** 31)];

function changed(value: unknown, random: Random): unknown {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  if (typeof value === 'number') return pick(NUMBERS);
  if (typeof value === 'bigint') return BigInt(pick(NUMBERS));
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return pick(['', 'x', null]);
  if (value instanceof Uint8Array) return pick([value.subarray(1), new Uint8Array(0), null]);
  if (Array.isArray(value) && value.length > 0)
    return pick([value.slice(1), [...value, value[0]], [...value].reverse(), null]);
  return value === null || Array.isArray(value) ? value : isTable(value) ? value : null;
}

/** Entries of lists are never absent, whatever a file says. */
function isTable(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
