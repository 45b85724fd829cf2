/** How much is in each part of a block, as rows that add up. Pure. */
import type { Counts, GraphData } from '../data.ts';

export interface Part {
  title: string;
  /** Number of the block; null for what lies beside the blocks, and for the sum. */
  block: number | null;
  /** One per model. */
  counts: Counts[];
}

/** The blocks directly within a block, what lies beside them if there is anything, and the sum. */
export function partsOf({ blocks, unused }: GraphData, outer: number): Part[] {
  const all = blocks[outer]!.counts;
  const inside = blocks.flatMap(({ title, parent, counts }, block): Part[] =>
    parent === outer ? [{ title, block, counts }] : [],
  );
  const isAny = (list: readonly Counts[]) =>
    list.some(({ operators, tensors, bytes }) => operators + tensors + bytes > 0);
  const parts = [...inside];
  if (outer === 0 && isAny(unused)) parts.push({ title: 'unused', block: null, counts: unused });
  const rest = all.map((counts, model) =>
    less(
      counts,
      parts.map((part) => part.counts[model]!),
    ),
  );
  if (parts.length > 0 && isAny(rest)) parts.push({ title: 'beside them', block: null, counts: rest });
  return [...parts, { title: 'all', block: null, counts: all }];
}

function less(all: Counts, parts: readonly Counts[]): Counts {
  const rest = { ...all };
  for (const { operators, tensors, bytes } of parts) {
    rest.operators -= operators;
    rest.tensors -= tensors;
    rest.bytes -= bytes;
  }
  return rest;
}

/** The same text for all models once; else before → after. */
export function perModel(texts: readonly string[]): string {
  return new Set(texts).size === 1 ? texts[0]! : texts.join(' → ');
}
