/**
 * After the last attention, rows whose logits nobody wants have no further effect: neither a cache nor an output
 * depends on them. Everything behind it runs over the wanted rows alone, which for a prompt is its last row. So does
 * everything behind the last GATHER where that comes later: it finds its tokens by the numbers of all rows.
 */
import type { ProgramBuilder } from './builder.ts';
import { replaceSources, type Slot, type Step, sourcesOf } from './program.ts';

/** Puts SELECT steps behind the last of those, for each slot that lives on, and marks the rest. Returns the logits' slot. */
export function keepWantedRows(builder: ProgramBuilder, logits: Slot): Slot {
  const { steps } = builder;
  const last = steps.findLastIndex(({ opcode }) => opcode === 'attention' || opcode === 'gather');
  const before = new Set(steps.slice(0, last + 1).map((step) => step.dst));
  const after = steps.slice(last + 1);
  const crossing = new Set(after.flatMap(sourcesOf).filter((source) => before.has(source)));
  if (before.has(logits)) crossing.add(logits);
  const selected = new Map<Slot, Slot>();
  const selects: Step[] = [...crossing].map((source) => {
    const dst = builder.slot(source.width);
    selected.set(source, dst);
    return { opcode: 'select', dst, operands: { src: source }, wantedRows: false, origin: null };
  });
  for (const step of after) {
    step.wantedRows = true;
    replaceSources(step, (source) => selected.get(source) ?? source);
  }
  steps.splice(last + 1, 0, ...selects);
  return selected.get(logits) ?? logits;
}
