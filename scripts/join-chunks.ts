/**
 * Joins what an entry of a bundle always loads into one file: Node takes a third of a millisecond for each module of
 * twenty, and a start pays for all of them. Code that is shared is there once all the same: the chunks stay, and give
 * what the joined file has.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** What is imported only when it is asked for stays a file of its own; so does what is no part of the bundle. */
const joinedOnly = (joined: ReadonlySet<string>): Plugin => ({
  name: 'joined only',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path: name, resolveDir }) => {
      if (kind === 'dynamic-import' || !name.startsWith('.')) return { path: name, external: true };
      const file = path.join(resolveDir, name);
      if (!joined.has(file)) throw new Error(`expected a joined chunk, got ${file}`);
      return { path: file };
    });
  },
});

/**
 * @param outputs of the bundle, built with `splitting`; paths relative to `root`
 * @param entry the output whose static imports are joined, and which becomes a file that gives their exports
 * @param target the joined file, in the chunks' folder: relative imports stay what they are
 */
export async function joinChunks(
  root: string,
  outputs: Metafile['outputs'],
  entry: string,
  target: string,
): Promise<void> {
  const joined = staticImports(outputs, entry);
  const exportsOf = (chunk: string, i: number) =>
    outputs[chunk]!.exports.map((name) => [name, `_${i}_${name}`] as const);
  const lines = joined.map((chunk, i) => {
    const names = exportsOf(chunk, i).map(([name, unique]) => `${name} as ${unique}`);
    return `export { ${names.join(', ')} } from ${specifier(target, chunk)};`;
  });
  const { outputFiles } = await build({
    absWorkingDir: root,
    stdin: { contents: lines.join('\n'), resolveDir: path.dirname(path.join(root, target)) },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [joinedOnly(new Set(joined.map((chunk) => path.join(root, chunk))))],
    logLevel: 'warning',
  });
  mkdirSync(path.dirname(path.join(root, target)), { recursive: true });
  writeFileSync(path.join(root, target), outputFiles[0]!.contents);
  for (const [i, chunk] of joined.entries()) {
    const names = exportsOf(chunk, i).map(([name, unique]) => `${unique} as ${name}`);
    rmSync(path.join(root, chunk));
    writeFileSync(
      path.join(root, chunk),
      `export { ${names.join(', ')} } from ${specifier(chunk, target)};\n`,
    );
  }
}

/** The entry and everything that it imports statically. */
function staticImports(outputs: Metafile['outputs'], entry: string): string[] {
  const found = new Set([entry]);
  for (const output of found)
    for (const { kind, path: target, external } of outputs[output]!.imports)
      if (kind === 'import-statement' && !external) found.add(target);
  return [...found];
}

function specifier(from: string, to: string): string {
  const relative = path.relative(path.dirname(from), to).replaceAll('\\', '/');
  return JSON.stringify(relative.startsWith('.') ? relative : `./${relative}`);
}
