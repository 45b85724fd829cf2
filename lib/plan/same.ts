/** Whether two lowered graphs are one program: a walk from the logits up through pairs of steps. */

import { evaluate } from '../ir/evaluate/index.ts';
import type { Value } from '../ir/graph/index.ts';
import { floatsOf } from '../ir/graph/index.ts';
import type { LoweredGraph } from './lower.ts';
import { type Operand, type Slot, type Step, sameWeight, type Weight } from './program.ts';
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
  private readonly decode: LoweredGraph;
  private readonly prefill: LoweredGraph;
  private readonly tables: readonly PlanTable[];
  private readonly makers: [Map<Slot, Step>, Map<Slot, Step>];
  private readonly known = new Map<Value, Float32Array>();

  constructor(decode: LoweredGraph, prefill: LoweredGraph, tables: readonly PlanTable[]) {
    this.decode = decode;
    this.prefill = prefill;
    this.tables = tables;
    const makersOf = ({ builder }: LoweredGraph) => new Map(builder.steps.map((step) => [step.dst, step]));
    this.makers = [makersOf(decode), makersOf(prefill)];
  }

  /** Why the two slots do not hold the same, or null. */
  slots(a: Slot, b: Slot): Difference | null {
    const [left, right] = [this.makers[0].get(a)!, this.makers[1].get(b)!];
    if (this.pairs.get(left) === right) return null;
    const difference = this.steps(left, right);
    if (!difference) this.pairs.set(left, right);
    return difference;
  }

  private steps(a: Step, b: Step): Difference | null {
    if (a.opcode !== b.opcode || a.operands.length !== b.operands.length)
      return { reason: `has ${b.opcode} where decode has ${a.opcode}`, at: b.origin };
    if (a.opcode === 'attention') return this.operands(a, b, 0, 3) ?? this.attention(a, b);
    const isCommutative = a.opcode === 'add' || a.opcode === 'mul';
    const difference = this.operands(a, b);
    if (!difference || !isCommutative) return difference;
    const swapped = { ...b, operands: [...b.operands].reverse() };
    return this.operands(a, swapped) ? difference : null;
  }

  private operands(a: Step, b: Step, from = 0, to = a.operands.length): Difference | null {
    for (let i = from; i < to; i++) {
      const difference = this.operand(a.operands[i]!, b.operands[i]!, b);
      if (difference) return difference;
    }
    return null;
  }

  private operand(a: Operand, b: Operand, step: Step): Difference | null {
    if (a.kind === 'slot' && b.kind === 'slot') return this.slots(a.slot, b.slot);
    if (a.kind === 'weight' && b.kind === 'weight') {
      if (a.weight === null && b.weight === null) return null;
      const kind = a.weight && b.weight && sameWeight(a.weight, b.weight);
      if (a.weight && kind) {
        this.weights.set(a.weight, kind);
        return null;
      }
    } else if ((a.kind === 'word' || a.kind === 'float') && a.kind === b.kind && a.value === b.value)
      return null;
    const reason = `has ${describe(b)} in ${step.opcode} where decode has ${describe(a)}`;
    return { reason, at: step.origin };
  }

  /** Sizes and scale; then the constants of the prefill graph at each of its rows. */
  private attention(a: Step, b: Step): Difference | null {
    const differs = (reason: string): Difference => ({ reason: `has attention ${reason}`, at: b.origin });
    const [left, right] = [this.blockOf(this.decode, a), this.blockOf(this.prefill, b)];
    for (const field of ['heads', 'kvHeads', 'headDim', 'scale'] as const)
      if (left[field] !== right[field])
        return differs(`with ${field} ${right[field]} where decode has ${left[field]}`);
    const { count } = this.prefill.context.entry.rows;
    const window = this.decode.context.windows.get(left.mask)!;
    const hidden = maskDifference(this.constant(right.mask), count, window);
    if (hidden) return differs(`with a mask that ${hidden}`);
    if (!left.rope || !right.rope)
      return left.rope === right.rope
        ? null
        : differs(
            `${right.rope ? 'with' : 'without'} RoPE where decode has it ${left.rope ? 'with' : 'without'}`,
          );
    for (const table of ['cos', 'sin'] as const) {
      const row = this.tableDifference(left.rope[table], this.constant(right.rope[table]), count);
      if (row !== null) return differs(`with another ${table} than decode at position ${row}`);
    }
    return null;
  }

  private blockOf({ builder }: LoweredGraph, step: Step) {
    const cache = step.operands[3]!;
    return builder.blocks[cache.kind === 'word' ? cache.value : -1]!;
  }

  /** What a value of constants alone holds; several layers share one. */
  private constant(value: Value): Float32Array {
    const found =
      this.known.get(value) ??
      floatsOf(value) ??
      (evaluate(this.prefill.context.entry.graph, new Map(), { outputs: [value] }).get(value)!
        .data as Float32Array);
    this.known.set(value, found);
    return found;
  }

  /** The first position where the rows differ by more than rounding. */
  private tableDifference(value: Value, rows: Float32Array, count: number): number | null {
    const { width, evaluate: rowsAt } = this.tables[this.decode.builder.tables.indexOf(value)]!;
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

function describe(operand: Operand): string {
  switch (operand.kind) {
    case 'weight':
      return operand.weight ? `the weight '${operand.weight.name}'` : 'no weight';
    case 'word':
      return `${operand.value}`;
    case 'float':
      return `${Number(operand.value.toPrecision(7))}`;
    default:
      return `a ${operand.kind}`;
  }
}
