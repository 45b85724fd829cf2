/**
 * Sources enter a folder by its index.ts; the bundles go straight to the file that has the name. esbuild keeps an index
 * together with all that it lists, so that importing one small function by it would load the whole folder at the start.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';

/** Where a name comes from: the file, and what it is called there. */
interface Origin {
  file: string;
  name: string;
}

const indexes = new Map<string, Map<string, Origin>>();

const LIST = /^(?:import|export) (type )?\{([^}]*)\} from '(\.[^']+)';$/gm;

/** `a, type B, c as d` → what is imported, and what it is called then; types are left out, the compiler drops them. */
function namesIn(list: string): { imported: string; local: string }[] {
  return list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && !one.startsWith('type '))
    .map((one) => {
      const [imported, local] = one.split(' as ') as [string, string?];
      return { imported, local: local ?? imported };
    });
}

/** What an index passes on from other files. What it has itself is not in the map. */
function originsOf(index: string): Map<string, Origin> {
  let origins = indexes.get(index);
  if (origins !== undefined) return origins;
  origins = new Map();
  indexes.set(index, origins);
  const text = readFileSync(index, 'utf8');
  const folder = path.dirname(index);
  for (const [line, isType, list, target] of text.matchAll(LIST))
    if (line.startsWith('export') && isType === undefined)
      for (const { imported, local } of namesIn(list!))
        origins.set(local, originOf(path.join(folder, target!), imported));
  for (const [, target] of text.matchAll(/^export \* from '(\.[^']+)';$/gm)) {
    const file = path.join(folder, target!);
    for (const name of namesOf(file)) origins.set(name, originOf(file, name));
  }
  return origins;
}

/** Names that a file exports, of its own or passed on by stars. */
function namesOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const own = [...text.matchAll(/^export (?:const |async )?(?:enum|function|class|const) (\w+)/gm)];
  const stars = [...text.matchAll(/^export \* from '(\.[^']+)';$/gm)];
  return [
    ...own.map(([, name]) => name!),
    ...stars.flatMap(([, target]) => namesOf(path.join(path.dirname(file), target!))),
  ];
}

/** Follows a name through indexes, and through files that pass everything on. */
function originOf(file: string, name: string): Origin {
  return originsOf(file).get(name) ?? { file, name };
}

/** The source with its imports from indexes taken apart. */
export function straighten(source: string, file: string): string {
  const folder = path.dirname(file);
  return source.replaceAll(LIST, (line, isType: string | undefined, list: string, target: string) => {
    if (isType !== undefined || !target.endsWith('/index.ts')) return line;
    const word = line.startsWith('import') ? 'import' : 'export';
    const lines = namesIn(list).map(({ imported, local }) => {
      const origin = originOf(path.join(folder, target), imported);
      const from = path.relative(folder, origin.file).replaceAll('\\', '/');
      return `${word} { ${origin.name} as ${local} } from './${from}';`;
    });
    return lines.join(' ');
  });
}

export const straightImports: Plugin = {
  name: 'straight imports',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]lib[\\/].*\.ts$/ }, ({ path: file }) => ({
      contents: straighten(readFileSync(file, 'utf8'), file),
      loader: 'ts',
    }));
  },
};
