/** Which inputs (outputs) of two graphs belong together. */
import type { Value } from '../graph/index.ts';
import { typeText } from './describe.ts';
import { groupBy } from './group.ts';

/** Places in the two lists. */
export type PortPair = [first: number, second: number];

/**
 * By name where it is unique on both sides; the rest in order, as far as type and shape agree. A port with another name
 * and another type is another port.
 */
export function pairPorts(a: readonly Value[], b: readonly Value[]): PortPair[] {
  const all = (list: readonly Value[]) => [...list.keys()];
  const pairs = byKey(a, b, [all(a), all(b)], ({ name }) => name, true);
  const rest: [number[], number[]] = [
    all(a).filter((i) => !pairs.some(([x]) => x === i)),
    all(b).filter((j) => !pairs.some(([, y]) => y === j)),
  ];
  pairs.push(...byKey(a, b, rest, typeText, false));
  return pairs.sort(([x], [y]) => x - y);
}

/** Pairs what has the same key, the first with the first; with `isUnique`, only keys that each side has once. */
function byKey(
  a: readonly Value[],
  b: readonly Value[],
  [left, right]: [number[], number[]],
  keyOf: (value: Value) => string,
  isUnique: boolean,
): PortPair[] {
  const mine = groupBy(left, (i) => keyOf(a[i]!));
  const theirs = groupBy(right, (j) => keyOf(b[j]!));
  return [...mine].flatMap(([key, places]): PortPair[] => {
    const others = theirs.get(key) ?? [];
    if (isUnique && (key === '' || places.length > 1 || others.length > 1)) return [];
    return places.slice(0, others.length).map((i, k) => [i, others[k]!]);
  });
}

/** Pairs that stand in another order among each other in the second list than in the first. */
export function movedPorts(pairs: readonly PortPair[]): PortPair[] {
  const order = pairs.map(([, j]) => j).sort((x, y) => x - y);
  return pairs.filter(([, j], rank) => order[rank] !== j);
}
