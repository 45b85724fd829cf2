/** Everything that is decided about a model before its program is written: what compiling and explaining share. */
import type { Module } from '../ir/graph/index.ts';
import { type Arena, placeSlots } from './arena.ts';
import type { ProgramBuilder } from './builder.ts';
import { type DecodeEntry, decodeEntry, prefillEntry } from './entry.ts';
import { lowerGraph } from './lower.ts';
import { outputsOf } from './outputs.ts';
import { type PrefillProof, provePrefill } from './prefill.ts';
import type { ProgramOutput } from './program.ts';
import { type Context, recogniseDecode } from './recognise.ts';
import { type PlanTable, tabulate } from './tables.ts';
import { keepWantedRows } from './wanted.ts';

export interface Analysis {
  entry: DecodeEntry;
  context: Context;
  builder: ProgramBuilder;
  arena: Arena;
  outputs: ProgramOutput[];
  tables: PlanTable[];
  /** null: the package has no prefill graph. */
  prefill: PrefillProof | null;
}

/** @throws GgmaError as `compile` */
export function analyse(module: Module): Analysis {
  const entry = decodeEntry(module);
  const prefillGraph = prefillEntry(module);
  const context = recogniseDecode(entry);
  const decode = lowerGraph(context);
  const { builder } = decode;
  const tables = tabulate(entry, builder.tables);
  const prefill = prefillGraph ? provePrefill(decode, tables, prefillGraph) : null;
  const outputs = outputsOf(builder, keepWantedRows(builder, decode.logits));
  const arena = placeSlots(
    builder.steps,
    outputs.map(({ slot }) => slot),
  );
  return { entry, context, builder, arena, outputs, tables, prefill };
}
