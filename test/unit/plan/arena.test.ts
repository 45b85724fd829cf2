import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TensorType } from '../../../lib/circle/index.ts';
import { placeSlots } from '../../../lib/plan/arena.ts';
import { type Slot, type Step, sourcesOf } from '../../../lib/plan/program.ts';

const weight = { type: TensorType.FLOAT32, data: new Uint8Array(4), rows: 1, cols: 1, name: 'w' };
const sizes = { cache: 0, heads: 1, kvHeads: 1, headDim: 1, scale: 1, window: 0, cos: null, sin: null };

/** A step that reads none, one, two or three slots. */
function step(dst: Slot, ...[a, b, c]: Slot[]): Step {
  const rest = { dst, wantedRows: false, origin: null };
  if (!a) return { ...rest, opcode: 'gather', operands: { weight } };
  if (!b) return { ...rest, opcode: 'silu', operands: { src: a } };
  if (!c) return { ...rest, opcode: 'add', operands: { a, b } };
  return { ...rest, opcode: 'attention', operands: { q: a, k: b, v: c, ...sizes } };
}

/** Steps that each read some slots written before, and which of the slots have to live to the end. */
const programs = fc
  .array(
    fc.record({
      width: fc.integer({ min: 1, max: 100 }),
      reads: fc.array(fc.nat(), { maxLength: 3 }),
      isKept: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((list) => {
    const slots = list.map(({ width }) => ({ width }));
    return {
      steps: list.map(({ reads }, i) => step(slots[i]!, ...(i === 0 ? [] : reads.map((r) => slots[r % i]!)))),
      kept: slots.filter((_, i) => list[i]!.isKept),
    };
  });

describe('plan/arena', () => {
  it('never lets two slots share memory while both are needed, and keeps what is read at the end', () => {
    fc.assert(
      fc.property(programs, ({ steps, kept }) => {
        const { offsets, width } = placeSlots(steps, kept);
        /** Which slot each float of the arena holds, as the program runs. */
        const holds = new Array<Slot | undefined>(width);
        const isWhole = (s: Slot) => {
          const from = offsets.get(s)!;
          for (let i = 0; i < s.width; i++) if (holds[from + i] !== s) return false;
          return true;
        };
        for (const step of steps) {
          if (!sourcesOf(step).every(isWhole)) return false;
          const from = offsets.get(step.dst)!;
          assert.equal(from % 16, 0);
          assert.ok(from + step.dst.width <= width);
          holds.fill(step.dst, from, from + step.dst.width);
        }
        return kept.every(isWhole);
      }),
      { numRuns: 300 },
    );
  });

  it('a chain takes the room of its two largest neighbours', () => {
    const slots = [64, 16, 128, 16, 32].map((width) => ({ width }));
    const steps = slots.map((s, i) => (i === 0 ? step(s) : step(s, slots[i - 1]!)));
    assert.equal(placeSlots(steps, [slots.at(-1)!]).width, 16 + 128);
  });

  it('gives the room of a slot to others once nobody reads it, unless it is kept', () => {
    const [first, second, third] = [{ width: 16 }, { width: 16 }, { width: 16 }];
    const steps = [step(first), step(second, first), step(third, second)];
    assert.equal(placeSlots(steps, [third]).offsets.get(third), 0);
    assert.equal(placeSlots(steps, [first, third]).offsets.get(third), 32);
  });

  it('rounds slots up to a cache line', () => {
    const [a, b] = [{ width: 1 }, { width: 1 }];
    const { offsets, width } = placeSlots([step(a), step(b, a)], [b]);
    assert.deepEqual([offsets.get(a), offsets.get(b), width], [0, 16, 32]);
  });
});
