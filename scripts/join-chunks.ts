/**
 * Joins what an entry of a bundle always loads into one file: Node takes a third of a millisecond for each module of
 * twenty, and a start pays for all of them. Code that is shared is there once all the same: the chunks stay, and give
 * what the joined file has.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/**
 * Relative imports are followed but to files that `isOutside` names; what is imported when it is asked for stays apart.
 * @param folder that the result goes to
 */
const follow = (folder: string, isOutside: (file: string) => boolean): Plugin => ({
  name: 'follow',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path: name, resolveDir }) => {
      if (kind === 'entry-point') return undefined;
      const file = path.join(resolveDir, name);
      if (!name.startsWith('.')) return { path: name, external: true };
      if (kind !== 'dynamic-import' && !isOutside(file)) return { path: file };
      return { path: specifier(folder, file), external: true };
    });
  },
});

const settings = {
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
} as const;

/**
 * @param outputs of the bundle, built with `splitting`; paths relative to `root`
 * @param entry the output that is joined with its static imports, and becomes a file that gives its exports
 * @param target the joined file, in the chunks' folder: relative imports stay what they are
 */
export async function joinChunks(
  root: string,
  outputs: Metafile['outputs'],
  entry: string,
  target: string,
): Promise<void> {
  const joined = [...withStaticImports(outputs, entry)];
  const exportsOf = (chunk: string, i: number) =>
    outputs[chunk]!.exports.map((name) => [name, `_${i}_${name}`] as const);
  const lines = joined.map((chunk, i) => {
    const names = exportsOf(chunk, i).map(([name, unique]) => `${name} as ${unique}`);
    return `export { ${names.join(', ')} } from '${specifier(path.dirname(target), chunk)}';`;
  });
  const { outputFiles } = await build({
    ...settings,
    absWorkingDir: root,
    stdin: { contents: lines.join('\n'), resolveDir: path.dirname(path.join(root, target)) },
    plugins: [follow(path.dirname(path.join(root, target)), () => false)],
  });
  writeFileSync(path.join(root, target), outputFiles[0]!.contents);
  for (const [i, chunk] of joined.entries()) {
    const names = exportsOf(chunk, i).map(([name, unique]) => `${unique} as ${name}`);
    writeFileSync(
      path.join(root, chunk),
      `export { ${names.join(', ')} } from '${specifier(path.dirname(chunk), target)}';\n`,
    );
  }
}

/**
 * The entry and everything that it imports statically; and of what is imported when it is asked for, that which only
 * gives on what lies there.
 */
function withStaticImports(outputs: Metafile['outputs'], entry: string): Set<string> {
  const found = new Set([entry]);
  const importsOf = (output: string) =>
    outputs[output]!.imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
  for (const output of found) for (const { path: target } of importsOf(output)) found.add(target);
  for (const [output, { inputs }] of Object.entries(outputs)) {
    const isEmpty = Object.values(inputs).every(({ bytesInOutput }) => bytesInOutput === 0);
    if (isEmpty && importsOf(output).every(({ path: target }) => found.has(target))) found.add(output);
  }
  return found;
}

/** Takes an output's static imports into it, but for `joined`: copies, for what is a process's own and small. */
export async function inlineChunks(root: string, output: string, joined: string): Promise<void> {
  const { outputFiles } = await build({
    ...settings,
    absWorkingDir: root,
    entryPoints: [output],
    outdir: path.dirname(output),
    plugins: [follow(path.dirname(path.join(root, output)), (file) => file === path.join(root, joined))],
  });
  writeFileSync(path.join(root, output), outputFiles[0]!.contents);
}

function specifier(folder: string, file: string): string {
  const relative = path.relative(folder, file).replaceAll('\\', '/');
  return relative.startsWith('.') ? relative : `./${relative}`;
}
