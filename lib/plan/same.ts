/** Whether two lowered graphs are one program: a walk from the logits up through pairs of steps. */

import { evaluate } from '../ir/evaluate/index.ts';
import type { Value } from '../ir/graph/index.ts';
import { floatsOf } from '../ir/graph/index.ts';
import type { AttentionBlock } from '../ir/match/index.ts';
import type { LoweredGraph } from './lower.ts';
import {
  type Operand,
  operandsOf,
  type Slot,
  type Step,
  type StepOf,
  sameWeight,
  type Weight,
} from './program.ts';
import type { PlanTable } from './tables.ts';

export interface StepsComparison {
  /** Pairs of steps that were found to be the same. */
  steps: number;
  /** Weights of those steps: one memory read by both graphs, or two with the same bytes. */
  weights: { shared: number; equal: number };
}

type Outcome =
  | { ok: true; value: StepsComparison }
  /** `at`: a value of the second graph. */
  | { ok: false; reason: string; at: Value | null };

/** `tables`: those of the first graph, which is decode; the second is prefill, with constants in their place. */
export function compareSteps(
  decode: LoweredGraph,
  prefill: LoweredGraph,
  tables: readonly PlanTable[],
): Outcome {
  const comparison = new Comparison(decode, prefill, tables);
  const difference = comparison.slots(decode.logits, prefill.logits);
  if (difference) return { ok: false, ...difference };
  const kinds = [...comparison.weights.values()];
  const shared = kinds.filter((kind) => kind === 'shared').length;
  return {
    ok: true,
    value: { steps: comparison.pairs.size, weights: { shared, equal: kinds.length - shared } },
  };
}

interface Difference {
  reason: string;
  at: Value | null;
}

class Comparison {
  /** The second graph's step for each of the first. */
  readonly pairs = new Map<Step, Step>();
  readonly weights = new Map<Weight, 'shared' | 'equal'>();
  readonly #decode: LoweredGraph;
  readonly #prefill: LoweredGraph;
  readonly #tables: readonly PlanTable[];
  readonly #makers: [Map<Slot, Step>, Map<Slot, Step>];
  readonly #known = new Map<Value, Float32Array>();

  constructor(decode: LoweredGraph, prefill: LoweredGraph, tables: readonly PlanTable[]) {
    this.#decode = decode;
    this.#prefill = prefill;
    this.#tables = tables;
    const makersOf = ({ builder }: LoweredGraph) => new Map(builder.steps.map((step) => [step.dst, step]));
    this.#makers = [makersOf(decode), makersOf(prefill)];
  }

  /** Why the two slots do not hold the same, or null. */
  slots(a: Slot, b: Slot): Difference | null {
    const [left, right] = [this.#makers[0].get(a)!, this.#makers[1].get(b)!];
    if (this.pairs.get(left) === right) return null;
    const difference = this.#steps(left, right);
    if (!difference) this.pairs.set(left, right);
    return difference;
  }

  #steps(a: Step, b: Step): Difference | null {
    if (a.opcode === 'attention' && b.opcode === 'attention')
      return this.#sources(a, b) ?? this.#attention(a, b);
    if ((a.opcode === 'add' && b.opcode === 'add') || (a.opcode === 'mul' && b.opcode === 'mul')) {
      const difference = this.#operands(a, b);
      const swapped = { ...b, operands: { a: b.operands.b, b: b.operands.a } };
      return difference && this.#operands(a, swapped) ? difference : null;
    }
    if (a.opcode !== b.opcode)
      return { reason: `has ${b.opcode} where decode has ${a.opcode}`, at: b.origin };
    return this.#operands(a, b);
  }

  /** Of two steps with the same opcode. */
  #operands(a: Step, b: Step): Difference | null {
    const others = operandsOf(b);
    for (const [i, operand] of operandsOf(a).entries()) {
      const difference = this.#operand(operand, others[i]!, b);
      if (difference) return difference;
    }
    return null;
  }

  #operand(a: Operand, b: Operand, step: Step): Difference | null {
    if (a.kind === 'slot' && b.kind === 'slot') return this.slots(a.value, b.value);
    if (isWeight(a) && isWeight(b)) {
      if (a.value === null && b.value === null) return null;
      const kind = a.value && b.value && sameWeight(a.value, b.value);
      if (a.value && kind) {
        this.weights.set(a.value, kind);
        return null;
      }
    } else if (a.value === b.value) return null;
    const reason = `has ${describe(b)} as ${b.name} of ${step.opcode} where decode has ${describe(a)}`;
    return { reason, at: step.origin };
  }

  /** The rows that two attentions read. Their other operands are numbers within each graph's own lists. */
  #sources(a: StepOf<'attention'>, b: StepOf<'attention'>): Difference | null {
    for (const name of ['q', 'k', 'v'] as const) {
      const difference = this.slots(a.operands[name], b.operands[name]);
      if (difference) return difference;
    }
    return null;
  }

  /** Sizes and scale; then the constants of the prefill graph at each of its rows. */
  #attention(a: StepOf<'attention'>, b: StepOf<'attention'>): Difference | null {
    const differs = (reason: string): Difference => ({ reason: `has attention ${reason}`, at: b.origin });
    const [left, right] = [this.#blockOf(this.#decode, a), this.#blockOf(this.#prefill, b)];
    for (const field of ['heads', 'kvHeads', 'headDim', 'scale'] as const)
      if (left[field] !== right[field])
        return differs(`with ${field} ${right[field]} where decode has ${left[field]}`);
    const { count } = this.#prefill.context.entry.rows;
    const window = this.#decode.context.windows.get(left.mask)!;
    const hidden = maskDifference(this.#constant(right.mask), count, window);
    if (hidden) return differs(`with a mask that ${hidden}`);
    if (!left.rope || !right.rope)
      return left.rope === right.rope
        ? null
        : differs(
            `${right.rope ? 'with' : 'without'} RoPE where decode has it ${left.rope ? 'with' : 'without'}`,
          );
    for (const table of ['cos', 'sin'] as const) {
      const row = this.#tableDifference(left.rope[table], this.#constant(right.rope[table]), count);
      if (row !== null) return differs(`with another ${table} than decode at position ${row}`);
    }
    return null;
  }

  #blockOf({ builder }: LoweredGraph, { operands }: StepOf<'attention'>): AttentionBlock {
    return builder.blocks[operands.cache]!;
  }

  /** What a value of constants alone holds; several layers share one. */
  #constant(value: Value): Float32Array {
    const found =
      this.#known.get(value) ??
      floatsOf(value) ??
      (evaluate(this.#prefill.context.entry.graph, new Map(), { outputs: [value] }).get(value)!
        .data as Float32Array);
    this.#known.set(value, found);
    return found;
  }

  /** The first position where the rows differ by more than rounding. */
  #tableDifference(value: Value, rows: Float32Array, count: number): number | null {
    const { width, evaluate: rowsAt } = this.#tables[this.#decode.builder.tables.indexOf(value)]!;
    const want = rowsAt(0, count);
    const at = want.findIndex(
      (x, i) => !(Math.abs(x - rows[i]!) <= TABLE_TOLERANCE * Math.max(1, Math.abs(x))),
    );
    return at < 0 ? null : Math.floor(at / width);
  }
}

/** Libraries differ in the last bits of cos and sin. */
const TABLE_TOLERANCE = 1e-6;

/** mask [rows, rows] against: row r sees max(0, r − window + 1) … r. */
function maskDifference(mask: Float32Array, rows: number, window: number): string | null {
  for (let i = 0; i < mask.length; i++) {
    const [row, column] = [Math.floor(i / rows), i % rows];
    const sees = column <= row && (window === 0 || column > row - window);
    if (sees ? mask[i] !== 0 : !(mask[i]! <= -1e30))
      return `is ${mask[i]} for column ${column} at position ${row}, where decode's is ${sees ? 'open' : 'closed'}`;
  }
  return null;
}

type WeightOperand = Extract<Operand, { kind: 'matrix' | 'vector?' }>;

const isWeight = (operand: Operand): operand is WeightOperand =>
  operand.kind === 'matrix' || operand.kind === 'vector?';

function describe(operand: Operand): string {
  if (isWeight(operand)) return operand.value ? `the weight '${operand.value.name}'` : 'no weight';
  return typeof operand.value === 'number' ? `${Number(operand.value.toPrecision(7))}` : `a ${operand.kind}`;
}
