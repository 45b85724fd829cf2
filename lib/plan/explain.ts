/** What the compiler made of a model and why it may: plain data for `o2o explain --json`, and as text. */
import { BuiltinOperator, tensorTypeName } from '../circle/index.ts';
import { elementCount, type Module } from '../ir/graph/index.ts';
import type { Attention } from '../ir/match/index.ts';
import { type Analysis, analyse } from './analyse.ts';
import { encodeProgram } from './encode.ts';
import { type Operand, operandsOf, type Slot } from './program.ts';
import { pathOf } from './recognise.ts';

export interface ExplainedAttention {
  /** Its cache's number. */
  cache: number;
  path: string;
  /** 'ATTENTION', or 'open block' for the operators that ATTENTION stands for. */
  from: string;
  heads: number;
  kvHeads: number;
  headDim: number;
  scale: number;
  /** Positions that a token sees, itself included; null: all up to itself. */
  window: number | null;
  /** Numbers of the tables; null for a layer without RoPE. */
  rope: { cos: number; sin: number } | null;
  biases: string[];
  norms: string[];
  /** As the file declares them, for the exporter's example: sizes, not limits. */
  declared: { cache: readonly number[]; mask: readonly number[] };
}

export interface ExplainedStep {
  /** The kernel, in the words of native/core/program.h. */
  kernel: string;
  /** Floats of a row that it writes. */
  width: number;
  /** Its operands, each with its name: slots, weights, tables and numbers. */
  reads: string[];
  /** Runs over the rows whose logits are wanted only. */
  wantedRows: boolean;
  /** The operator whose value it makes; null for steps of the compiler's own. */
  path: string | null;
}

export interface Explanation {
  decode: { path: string; operators: number; vocabulary: number };
  attention: ExplainedAttention[];
  /** Row vectors of the position alone, evaluated for any position when it is first used. */
  tables: { name: string; width: number }[];
  steps: ExplainedStep[];
  weights: { count: number; bytes: number; types: Record<string, { count: number; bytes: number }> };
  /** Bytes. `kvPerPosition`: keys and values of one position of a sequence, all layers, by the type they are kept in. */
  memory: { program: number; arenaPerRow: number; kvPerPosition: { f32: number; f16: number } };
  /** null: the file has no prefill graph. */
  prefill: Analysis['prefill'];
  proved: string[];
}

/** @throws GgmaError what `compile` throws */
export function explain(module: Module): Explanation {
  const analysis = analyse(module);
  const { entry, builder, arena, outputs, tables } = analysis;
  const { program } = encodeProgram(builder, arena, outputs);
  const kvFloats = builder.blocks.reduce((n, { kvHeads, headDim }) => n + 2 * kvHeads * headDim, 0);
  return {
    decode: {
      path: entry.path,
      operators: entry.graph.ops.length,
      vocabulary: elementCount(entry.logits.shape),
    },
    attention: explainAttention(analysis),
    tables: builder.tables.map((value, i) => ({ name: value.name, width: tables[i]!.width })),
    steps: explainSteps(analysis),
    weights: explainWeights(analysis),
    memory: {
      program: program.byteLength,
      arenaPerRow: 4 * arena.width,
      kvPerPosition: { f32: 4 * kvFloats, f16: 2 * kvFloats },
    },
    prefill: analysis.prefill,
    proved: proofs(analysis),
  };
}

function explainAttention({ entry, context, builder }: Analysis): ExplainedAttention[] {
  return (builder.blocks as Attention[]).map((block, cache) => {
    const { q, k, v, o, rope, mask, output, keyCache } = block;
    const parts = Object.entries({ q, k, v, o });
    const named = (has: (part: { bias: unknown; norm?: unknown }) => unknown) =>
      parts.filter(([, part]) => has(part)).map(([name]) => name);
    return {
      cache,
      path: pathOf(entry, output.producer),
      from: output.producer?.code === BuiltinOperator.ATTENTION ? 'ATTENTION' : 'open block',
      heads: block.heads,
      kvHeads: block.kvHeads,
      headDim: block.headDim,
      scale: block.scale,
      window: context.windows.get(mask) || null,
      rope: rope && { cos: builder.tables.indexOf(rope.cos), sin: builder.tables.indexOf(rope.sin) },
      biases: named(({ bias }) => bias),
      norms: named(({ norm }) => norm),
      declared: { cache: keyCache.shape, mask: mask.shape },
    };
  });
}

function explainSteps({ entry, builder, arena }: Analysis): ExplainedStep[] {
  const numbers = new Map<Slot, number>([...arena.offsets.keys()].map((slot, i) => [slot, i]));
  return builder.steps.map((step) => ({
    kernel: step.opcode,
    width: step.dst.width,
    reads: operandsOf(step).map((operand) => `${operand.name} ${describe(operand, numbers)}`),
    wantedRows: step.wantedRows,
    path: step.origin ? pathOf(entry, step.origin.producer) : null,
  }));
}

function describe(operand: Operand, slots: Map<Slot, number>): string {
  switch (operand.kind) {
    case 'slot':
      return `slot ${slots.get(operand.value)}`;
    case 'matrix':
    case 'vector?':
      return operand.value ? `${operand.value.name} [${operand.value.rows}, ${operand.value.cols}]` : 'none';
    case 'table?':
      return operand.value === null ? 'none' : `table ${operand.value}`;
    case 'cache':
    case 'count':
      return `${operand.value}`;
    case 'float':
      return `${Number(Math.fround(operand.value).toPrecision(7))}`;
  }
}

function explainWeights({ builder }: Analysis): Explanation['weights'] {
  const types: Explanation['weights']['types'] = {};
  let bytes = 0;
  for (const { type, data } of builder.weights) {
    const name = tensorTypeName(type);
    const sum = types[name] ?? { count: 0, bytes: 0 };
    types[name] = { count: sum.count + 1, bytes: sum.bytes + data.byteLength };
    bytes += data.byteLength;
  }
  return { count: builder.weights.length, bytes, types };
}

/** What the program relies on, in sentences. */
function proofs({ entry, context, builder, prefill }: Analysis): string[] {
  const windows = [...new Set(builder.blocks.map(({ mask }) => context.windows.get(mask)!))].sort(
    (a, b) => a - b,
  );
  const masks = windows.map((window) =>
    window ? `the last ${window} positions` : 'all positions up to itself',
  );
  const found = [
    `each of the ${builder.steps.length} steps works on a row by itself, but for attention, which also reads earlier rows of its sequence`,
    `the masks let a token see ${masks.join(' or ')}, at any length`,
  ];
  if (builder.tables.length > 0)
    found.push(`RoPE follows from '${entry.position.name}' alone, and is evaluated for any position`);
  if (prefill) {
    const { shared, equal } = prefill.weights;
    found.push(
      `the prefill graph is the same program: ${prefill.steps} steps and ${shared + equal} weights compared ` +
        `(${shared} one memory, ${equal} with equal bytes), masks and RoPE at positions 0 to ${prefill.rows - 1}`,
    );
  }
  return found;
}
