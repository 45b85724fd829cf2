/** Where slots lie within a row's arena: the widest first, each at the first place that is free while it lives. */
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
 * included, so a step's output never lies on its inputs. Slots in `kept` live to the end.
 */
export function placeSlots(steps: readonly Step[], kept: readonly Slot[]): Arena {
  const born = new Map<Slot, number>();
  const dies = new Map<Slot, number>();
  steps.forEach((step, i) => {
    for (const source of sourcesOf(step)) dies.set(source, i);
    if (!born.has(step.dst)) born.set(step.dst, i);
    dies.set(step.dst, Math.max(i, dies.get(step.dst) ?? i));
  });
  for (const slot of kept) dies.set(slot, steps.length);
  const placed: { slot: Slot; from: number; to: number }[] = [];
  const bySize = [...born.keys()].sort((a, b) => b.width - a.width);
  for (const slot of bySize) {
    const [start, end] = [born.get(slot)!, dies.get(slot)!];
    const size = Math.ceil(slot.width / ALIGNMENT) * ALIGNMENT;
    let from = 0;
    for (const other of placed) {
      if (born.get(other.slot)! > end || dies.get(other.slot)! < start) continue;
      if (other.from - from >= size) break;
      from = Math.max(from, other.to);
    }
    const after = placed.findIndex((other) => other.from > from);
    placed.splice(after < 0 ? placed.length : after, 0, { slot, from, to: from + size });
  }
  const places = new Map(placed.map(({ slot, from }) => [slot, from]));
  return {
    // In the order of the steps, which is how slots are numbered.
    offsets: new Map([...born.keys()].map((slot) => [slot, places.get(slot)!])),
    width: Math.max(0, ...placed.map(({ to }) => to)),
  };
}
