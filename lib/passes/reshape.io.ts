/**
 * reshape.io: declares another shape for graph inputs or outputs.
 *
 *   BEFORE  an input (output) of shape A        AFTER  the same tensor, shape B
 *
 * This changes the calling convention, not the operators: the caches of 30 rows that the exporter wrote become the
 * 32 rows that the runtime allocates.
 */
import type { Filter } from './pass.ts';
import { parseShape, usageError } from './pass.ts';

export const reshapeIo: Filter = {
  kind: 'filter',
  name: 'reshape.io',
  summary: 'give every graph input (output) of one shape another shape',
  usage: 'input|output --by_shape FROM TO',
  example: ['input', '--by_shape', '[1,16,30,4]', '[1,16,32,4]'],
  prepare(words) {
    const [side, flag, from, to, ...rest] = words;
    if (side !== 'input' && side !== 'output')
      throw usageError(this, `expected input or output, got '${side ?? ''}'`);
    if (flag !== '--by_shape' || rest.length > 0) throw usageError(this, 'expected --by_shape FROM TO');
    const [before, after] = [parseShape(this, from), parseShape(this, to)];
    return (module) => {
      const values = module.graphs.flatMap((graph) => (side === 'input' ? graph.inputs : graph.outputs));
      const matched = values.filter((value) => String(value.shape) === String(before));
      for (const value of matched) value.shape = after;
      return {
        changed: matched.length,
        candidates: values.length,
        what: `graph ${side}s`,
        reasons: matched.length > 0 ? [] : [`none of the ${side}s has the shape [${before.join(', ')}]`],
      };
    };
  },
};
