/**
 * The instructions of a program. This table is the only place that numbers them and names their operands: the
 * compiler's steps are checked against it by type, scripts/native-headers.ts makes generated/instructions.h of it for the
 * C++ side, and docs/compiler.md shows it. Every instruction writes the slot `dst`; that is its first operand and is not
 * listed. The numbers are part of the format (lib/plan/format.ts): a program of an older package is refused when one of
 * them changes, so raise VERSION then.
 */

/**
 * What an operand may be, and what its word in the program holds.
 * - slot: the number of a slot that the instruction reads
 * - matrix: the number of a weight; its dtype decides which kernel runs
 * - vector?: the number of a weight with one row, or NONE
 * - table?: the number of a position table, or NONE
 * - cache: the number of a key/value cache
 * - count: a number
 * - float: the bits of a number
 */
export type OperandKind = 'slot' | 'matrix' | 'vector?' | 'table?' | 'cache' | 'count' | 'float';

interface Instruction {
  number: number;
  /** In the order of their words, which is the order of the keys. */
  operands: Readonly<Record<string, OperandKind>>;
  /** What it computes, for one row. */
  does: string;
}

export const instructions = {
  gather: {
    number: 1,
    operands: { weight: 'matrix' },
    does: 'row `token` of weight',
  },
  matmul: {
    number: 2,
    operands: { src: 'slot', weight: 'matrix', bias: 'vector?' },
    does: 'dst[o] = Σ_k src[k] · weight[o][k] (+ bias[o])',
  },
  rmsNorm: {
    number: 3,
    operands: { src: 'slot', weight: 'vector?', eps: 'float', groups: 'count' },
    does: 'x / √(mean(x²) + eps) · weight, for each group of width / groups elements; weight has one element for each element of a group or of the row',
  },
  siluMul: {
    number: 4,
    operands: { gate: 'slot', up: 'slot' },
    does: 'gate / (1 + e^−gate) · up',
  },
  add: {
    number: 5,
    operands: { a: 'slot', b: 'slot' },
    does: 'a + b',
  },
  mul: {
    number: 6,
    operands: { a: 'slot', b: 'slot' },
    does: 'a · b',
  },
  scale: {
    number: 7,
    operands: { src: 'slot', factor: 'float' },
    does: 'src · factor',
  },
  silu: {
    number: 8,
    operands: { src: 'slot' },
    does: 'src / (1 + e^−src)',
  },
  attention: {
    number: 9,
    operands: {
      q: 'slot',
      k: 'slot',
      v: 'slot',
      cache: 'cache',
      heads: 'count',
      kvHeads: 'count',
      headDim: 'count',
      scale: 'float',
      window: 'count',
      cos: 'table?',
      sin: 'table?',
    },
    does: "rotates q and k by halves (x · cos + rotate_half(x) · sin, with the tables' rows at the row's position p); appends k and v to the row's sequence at p; attends positions max(0, p − window + 1) … p (window 0: from 0) with scores q·k · scale; query head h reads kv head h / (heads / kv_heads)",
  },
  select: {
    number: 10,
    operands: { src: 'slot' },
    does: 'the wanted rows of src, one behind the other',
  },
  gelu: {
    number: 11,
    operands: { src: 'slot' },
    does: 'src · Φ(src)',
  },
  geluTanh: {
    number: 12,
    operands: { src: 'slot' },
    does: 'the tanh form of gelu',
  },
} as const satisfies Readonly<Record<string, Instruction>>;

export type Instructions = typeof instructions;
export type OpcodeName = keyof Instructions;
