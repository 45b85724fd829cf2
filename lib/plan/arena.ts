/** Where slots lie within a row's arena: first fit over their lifetimes. */
import { type Slot, type Step, sourcesOf } from './program.ts';

export interface Arena {
  /** Offset of each slot in floats. */
  offsets: Map<Slot, number>;
  /** Floats per row. */
  width: number;
}

/** Slots start at multiples of 16 floats, a cache line, so that vector loads of a row never split one. */
const ALIGNMENT = 16;

/**
 * Places every slot that a step writes. A slot lives from the step that writes it to the last that reads it, both
 * included, so a step's output never lies on its inputs. `kept` lives to the end.
 */
export function placeSlots(steps: readonly Step[], kept: Slot): Arena {
  const born = new Map<Slot, number>();
  const dies = new Map<Slot, number>();
  steps.forEach((step, i) => {
    for (const source of sourcesOf(step)) dies.set(source, i);
    if (!born.has(step.dst)) born.set(step.dst, i);
    dies.set(step.dst, Math.max(i, dies.get(step.dst) ?? i));
  });
  dies.set(kept, steps.length);
  const offsets = new Map<Slot, number>();
  let live: { slot: Slot; from: number; to: number }[] = [];
  let width = 0;
  for (const [slot, start] of born) {
    live = live.filter((other) => dies.get(other.slot)! >= start).sort((a, b) => a.from - b.from);
    const size = Math.ceil(slot.width / ALIGNMENT) * ALIGNMENT;
    let from = 0;
    for (const other of live) {
      if (other.from - from >= size) break;
      from = Math.max(from, other.to);
    }
    offsets.set(slot, from);
    live.push({ slot, from, to: from + size });
    width = Math.max(width, from + size);
  }
  return { offsets, width };
}
