/** Graph → program: the compiler. */
import { operatorName } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { findAttention } from '../ir/attention.ts';
import { compileOver } from '../ir/evaluate/over.ts';
import type { Module, Value } from '../ir/graph.ts';
import { placeSlots } from './arena.ts';
import { ProgramBuilder } from './builder.ts';
import { encodeProgram } from './encode.ts';
import { decodeEntry, type Entry, prefillGraph } from './entry.ts';
import { type Context, type Lowered, lowerings } from './lowerings.ts';
import { proveMask } from './mask.ts';
import { checkSameWeights } from './prefill.ts';
import type { Slot } from './program.ts';
import { keepWantedRows } from './wanted.ts';

/** A position-dependent row vector that kernels look up, such as cos and sin of RoPE. */
export interface PlanTable {
  width: number;
  /** Rows of positions firstPosition, firstPosition + 1, …: [count, width]. */
  evaluate(firstPosition: number, count: number): Float32Array;
}

/** A compiled model: what the native side runs, and what it needs from JavaScript while it does. */
export interface Plan {
  /** Instructions; layout in native/core/program.h. */
  program: Uint8Array;
  /** The memory that the program's weights lie in. */
  sources: Uint8Array[];
  vocabSize: number;
  tables: PlanTable[];
  /** Key/value cache of each attention layer. */
  caches: { kvHeads: number; headDim: number }[];
}

/**
 * Compiles the decode graph of a module into one row-wise program.
 * @throws GgmaError SIGNATURE when there is no decode graph; PLAN_ATTENTION, PLAN_MASK, PLAN_UNSUPPORTED with the
 * operator's path for what cannot be proved; PLAN_PREFILL_DIFFERS when the prefill graph has other weights
 */
export function compile(module: Module): Plan {
  const entry = decodeEntry(module);
  const prefill = prefillGraph(module);
  if (prefill) checkSameWeights(entry.graph, prefill);
  const context = analyse(entry);
  const builder = new ProgramBuilder();
  const logits = keepWantedRows(builder, lowerGraph(entry, context, builder));
  const arena = placeSlots(builder.steps, logits);
  const { program, sources } = encodeProgram(builder, arena, logits);
  return {
    program,
    sources,
    vocabSize: logits.width,
    tables: builder.tables.map((value) => tabulate(entry, value)),
    caches: builder.caches,
  };
}

/** Finds every attention and proves every mask. */
function analyse(entry: Entry): Context {
  const attention: Context['attention'] = new Map();
  const windows: Context['windows'] = new Map();
  for (const match of findAttention(entry.graph)) {
    const path = `${entry.path}.operators[${entry.graph.ops.indexOf(match.ok ? match.at : (match.op ?? match.at))}]`;
    if (!match.ok)
      throw new GgmaError('PLAN_ATTENTION', `expected attention over the cache, got: ${match.reason}`, {
        path,
      });
    const { output, mask, position } = match.value;
    attention.set(output, match.value);
    if (windows.has(mask)) continue;
    const meaning = proveMask(mask, position);
    if (!meaning.ok)
      throw new GgmaError(
        'PLAN_MASK',
        `expected a causal or windowed mask, got one where ${meaning.reason}`,
        { path },
      );
    windows.set(mask, meaning.window);
  }
  if (attention.size === 0)
    throw new GgmaError('PLAN_ATTENTION', 'expected at least one attention, got none', { path: entry.path });
  return { entry, attention, windows };
}

/** Lowers what the logits need, in the order of the graph's operators. */
function lowerGraph(entry: Entry, context: Context, builder: ProgramBuilder): Slot {
  const lowered = new Map<Value, Lowered>();
  const queue = [entry.logits];
  for (let value = queue.pop(); value; value = queue.pop()) {
    if (lowered.has(value)) continue;
    const found = lowerValue(value, context);
    lowered.set(value, found);
    queue.push(...found.reads);
  }
  const order = new Map(entry.graph.ops.map((op, i) => [op, i]));
  const values = [...lowered.keys()].sort((a, b) => order.get(a.producer!)! - order.get(b.producer!)!);
  const slots = new Map<Value, Slot>();
  for (const value of values) {
    const { reads, emit } = lowered.get(value)!;
    slots.set(
      value,
      emit(
        builder,
        reads.map((read) => slots.get(read)!),
      ),
    );
  }
  return slots.get(entry.logits)!;
}

function lowerValue(value: Value, context: Context): Lowered {
  const op = value.producer;
  for (const lowering of op ? lowerings : []) {
    const found = lowering(value, op!, context);
    if (found) return found;
  }
  const { graph, path } = context.entry;
  const at = op ? `${path}.operators[${graph.ops.indexOf(op)}]` : path;
  const what = op
    ? `${operatorName(op.code)} making '${value.name}'`
    : `'${value.name}', which no operator makes`;
  throw new GgmaError('PLAN_UNSUPPORTED', `expected an operator that works row by row, got ${what}`, {
    path: at,
  });
}

/** Compiled on first use: a model whose tables are never asked for pays nothing. */
function tabulate({ graph, roles }: Entry, value: Value): PlanTable {
  let tabulation: ReturnType<typeof compileOver> | undefined;
  return {
    width: value.shape.at(-1) ?? 1,
    evaluate(firstPosition, count) {
      tabulation ??= compileOver(graph, [value], roles.position);
      return tabulation(Array.from({ length: count }, (_, i) => firstPosition + i))[0]!;
    },
  };
}
