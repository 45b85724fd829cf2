/**
 * remove.io: keeps only the named graph inputs (outputs).
 *
 *   BEFORE  inputs (outputs) a, b, c       AFTER  remove.io output --keep_by_name a: a alone; signatures follow
 *
 * Operators stay; `gc` then takes out what led to the removed outputs only. An input that operators read cannot go.
 */

import type { Graph, Value } from '../ir/graph/index.ts';
import { dropInputs, dropOutputs } from '../ir/graph/index.ts';
import { type Filter, type Outcome, parseIds, usageError } from './pass.ts';

export const removeIo: Filter = {
  kind: 'filter',
  name: 'remove.io',
  summary: 'keep only some graph inputs (outputs), by name or by number',
  usage: 'input|output --keep_by_name NAME… | --keep_by_id 0,2-5',
  example: ['output', '--keep_by_id', '0'],
  prepare(words) {
    const [side, flag, ...rest] = words;
    if (side !== 'input' && side !== 'output')
      throw usageError(this, `expected input or output, got '${side ?? ''}'`);
    const keeps = keepRule(this, flag, rest);
    return (module) => {
      const outcome: Outcome = { changed: 0, candidates: 0, what: `graph ${side}s`, reasons: [] };
      for (const graph of module.graphs) {
        const list = side === 'input' ? graph.inputs : graph.outputs;
        const dropped = new Set(list.filter((value, i) => !keeps(value, i)));
        outcome.candidates += list.length;
        if (dropped.size === list.length && list.length > 0) {
          outcome.reasons.push(`nothing of '${graph.name}' would be kept`);
          continue;
        }
        for (const value of side === 'input' ? usedInputs(graph, dropped) : []) {
          dropped.delete(value);
          outcome.reasons.push(`'${value.name}' is read by operators`);
        }
        outcome.changed += dropped.size;
        (side === 'input' ? dropInputs : dropOutputs)(module, graph, dropped);
      }
      return outcome;
    };
  },
};

function keepRule(
  pass: Filter,
  flag: string | undefined,
  rest: string[],
): (value: Value, i: number) => boolean {
  if (flag === '--keep_by_name' && rest.length > 0) return (value) => rest.includes(value.name);
  if (flag === '--keep_by_id' && rest.length === 1) {
    const ids = parseIds(pass, rest[0]);
    return (_value, i) => ids.has(i);
  }
  throw usageError(pass, 'expected --keep_by_name NAME… or --keep_by_id 0,2-5');
}

function usedInputs(graph: Graph, dropped: ReadonlySet<Value>): Value[] {
  return graph.inputs.filter((value) => dropped.has(value) && value.users.length > 0);
}
