/**
 * rename.io.remove_prefix: takes a prefix off the names of graph inputs and outputs.
 *
 *   BEFORE  input "tico::input_ids"      AFTER  rename.io.remove_prefix tico:: → input "input_ids"; signatures follow
 *
 * A name that another tensor of the graph has already is left alone.
 */
import { type Filter, type Outcome, usageError } from './pass.ts';

export const renameIoRemovePrefix: Filter = {
  kind: 'filter',
  name: 'rename.io.remove_prefix',
  summary: 'take a prefix off the names of graph inputs and outputs',
  usage: 'PREFIX',
  example: ['tico::'],
  prepare(words) {
    const [prefix, ...rest] = words;
    if (!prefix || rest.length > 0) throw usageError(this, 'expected one prefix');
    return (module) => {
      const outcome: Outcome = { changed: 0, candidates: 0, what: 'graph inputs and outputs', reasons: [] };
      for (const graph of module.graphs) {
        const taken = new Set(graph.values.map((value) => value.name));
        const ports = (module.signatures ?? [])
          .filter((signature) => signature.graph === graph)
          .flatMap((signature) => [...(signature.inputs ?? []), ...(signature.outputs ?? [])]);
        for (const value of new Set([...graph.inputs, ...graph.outputs])) {
          outcome.candidates++;
          const name = value.name.slice(prefix.length);
          if (!value.name.startsWith(prefix) || name === '') continue;
          if (taken.has(name)) {
            outcome.reasons.push(`'${name}' is taken`);
            continue;
          }
          for (const port of ports) if (port.value === value && port.name === value.name) port.name = name;
          value.name = name;
          taken.add(name);
          outcome.changed++;
        }
      }
      if (outcome.changed === 0) outcome.reasons.push(`no name starts with '${prefix}'`);
      return outcome;
    };
  },
};
