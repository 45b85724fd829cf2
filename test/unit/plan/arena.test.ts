import assert from 'node:assert/strict';
import fc from 'fast-check';
import { placeSlots } from '../../../lib/plan/arena.ts';
import { type Slot, type Step, slot } from '../../../lib/plan/program.ts';

const step = (dst: Slot, ...sources: Slot[]): Step => ({
  opcode: 'add',
  dst,
  operands: sources.map(slot),
  wantedRows: false,
  origin: null,
});

/** Steps that each read some slots written before. */
const programs = fc
  .array(
    fc.record({ width: fc.integer({ min: 1, max: 100 }), reads: fc.array(fc.nat(), { maxLength: 3 }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((list) => {
    const slots = list.map(({ width }) => ({ width }));
    return list.map(({ reads }, i) => step(slots[i]!, ...(i === 0 ? [] : reads.map((r) => slots[r % i]!))));
  });

describe('plan/arena', () => {
  it('never lets two slots share memory while both are needed', () => {
    fc.assert(
      fc.property(programs, (steps) => {
        const kept = steps.at(-1)!.dst;
        const { offsets, width } = placeSlots(steps, kept);
        /** Which slot each float of the arena holds, as the program runs. */
        const holds = new Array<Slot | undefined>(width);
        const isWhole = (s: Slot) => {
          const from = offsets.get(s)!;
          for (let i = 0; i < s.width; i++) if (holds[from + i] !== s) return false;
          return true;
        };
        for (const { dst, operands } of steps) {
          for (const operand of operands) if (operand.kind === 'slot' && !isWhole(operand.slot)) return false;
          const from = offsets.get(dst)!;
          assert.equal(from % 16, 0);
          assert.ok(from + dst.width <= width);
          holds.fill(dst, from, from + dst.width);
        }
        return isWhole(kept);
      }),
      { numRuns: 300 },
    );
  });

  it('a chain takes the room of its two largest neighbours', () => {
    const slots = [64, 16, 128, 16, 32].map((width) => ({ width }));
    const steps = slots.map((s, i) => (i === 0 ? step(s) : step(s, slots[i - 1]!)));
    assert.equal(placeSlots(steps, slots.at(-1)!).width, 16 + 128);
  });

  it('rounds slots up to a cache line', () => {
    const [a, b] = [{ width: 1 }, { width: 1 }];
    const { offsets, width } = placeSlots([step(a), step(b, a)], b);
    assert.deepEqual([offsets.get(a), offsets.get(b), width], [0, 16, 32]);
  });
});
