/** Collects the steps, weights, tables and caches of one program while the graph is lowered. */
import { tensorTypeName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import type { Value } from '../ir/graph/index.ts';
import { elementCount } from '../ir/graph/index.ts';
import type { AttentionBlock } from '../ir/match/index.ts';
import type { OpcodeName } from './instructions.ts';
import { dtypeNumbers, type OperandsOf, type Slot, type Step, type Weight } from './program.ts';

export class ProgramBuilder {
  readonly steps: Step[] = [];
  readonly weights: Weight[] = [];
  readonly slots: Slot[] = [];
  /** Values of the position alone whose rows kernels look up: cos and sin. */
  readonly tables: Value[] = [];
  /** The attention blocks in order: a block's place is its cache's number. */
  readonly blocks: AttentionBlock[] = [];
  /** The value that the steps emitted next are for. */
  origin: Value | null = null;
  readonly #known = new Map<string, Weight>();
  readonly #bufferNumbers = new Map<unknown, number>();

  slot(width: number): Slot {
    const made = { width };
    this.slots.push(made);
    return made;
  }

  /** Appends a step that writes `dst`. */
  emit<O extends OpcodeName>(opcode: O, dst: Slot, operands: OperandsOf<O>): Slot {
    this.steps.push({ opcode, dst, operands, wantedRows: false, origin: this.origin } as Step);
    return dst;
  }

  /** A constant as a matrix [rows, cols]; the same tensor read twice is one weight. */
  matrix(value: Value): Weight {
    const cols = value.shape.at(-1) ?? 1;
    return this.#weight('matrix', value, elementCount(value.shape) / cols, cols);
  }

  /** A constant as one row. */
  vector(value: Value): Weight {
    return this.#weight('vector', value, 1, elementCount(value.shape));
  }

  table(value: Value): number {
    const known = this.tables.indexOf(value);
    return known >= 0 ? known : this.tables.push(value) - 1;
  }

  /** A tensor that is used both ways is two weights, because native code packs a matrix otherwise than a vector. */
  #weight(use: 'matrix' | 'vector', value: Value, rows: number, cols: number): Weight {
    const { type } = value;
    if (!dtypeNumbers.has(type))
      throw new GgmaError(
        'PLAN_UNSUPPORTED',
        `expected FLOAT32, FLOAT16, BFLOAT16, GGML_Q8_0 or GGML_Q4_0 for the weight '${value.name}', got ${tensorTypeName(type)}`,
      );
    const number = this.#bufferNumbers.get(value.buffer) ?? this.#bufferNumbers.size;
    this.#bufferNumbers.set(value.buffer, number);
    const key = `${use}:${number}:${type}:${rows}:${cols}`;
    let found = this.#known.get(key);
    if (!found) {
      found = { type, data: value.buffer.data!, rows, cols, name: value.name };
      this.#known.set(key, found);
      this.weights.push(found);
    }
    return found;
  }
}
