/**
 * One program serves prompt and decode. That is right for a package only when its prefill graph is the same program
 * over several rows, so the graph is lowered too, and the two programs are compared step by step from the logits up:
 * the same instructions, over the same weights at the same places, with masks and position tables that say the same.
 */
import { GgmaError } from '../errors.ts';
import type { Entry } from './entry.ts';
import { type LoweredGraph, lowerGraph } from './lower.ts';
import { pathOf, recognisePrefill } from './recognise.ts';
import { compareSteps, type StepsComparison } from './same.ts';
import type { PlanTable } from './tables.ts';

export interface PrefillProof extends StepsComparison {
  /** `subgraphs[i]` */
  path: string;
  /** Prompt rows of the exported graph: the positions at which masks and tables were compared. */
  rows: number;
}

/** @throws GgmaError PLAN_PREFILL_DIFFERS saying what is different, with the operator's path in the prefill graph */
export function provePrefill(decode: LoweredGraph, tables: readonly PlanTable[], entry: Entry): PrefillProof {
  const comparison = compareSteps(decode, lowered(entry), tables);
  if (comparison.ok) return { ...comparison.value, path: entry.path, rows: entry.rows.count };
  throw differs(comparison.reason, pathOf(entry, comparison.at?.producer));
}

function lowered(entry: Entry): LoweredGraph {
  try {
    return lowerGraph(recognisePrefill(entry));
  } catch (cause) {
    if (cause instanceof GgmaError)
      throw differs(`cannot be shown to: ${cause.message}`, cause.path ?? entry.path, cause);
    throw cause;
  }
}

function differs(reason: string, path: string, cause?: GgmaError): GgmaError {
  return new GgmaError(
    'PLAN_PREFILL_DIFFERS',
    `expected prefill to be decode's program over several rows, but prefill ${reason}`,
    { path, cause },
  );
}
