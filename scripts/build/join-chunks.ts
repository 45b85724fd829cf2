/**
 * Joins what an entry of a bundle always loads into one file, because Node takes a third of a millisecond for each module.
 * No code is there twice: the chunks that others import stay, and pass on what the joined file has.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';

/**
 * Relative imports are followed but to the files `outside`; what is imported when it is asked for stays apart.
 * @param folder that the result goes to
 */
const follow = (folder: string, outside: ReadonlySet<string>): Plugin => ({
  name: 'follow',
  setup({ onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path: name, resolveDir }) => {
      if (kind === 'entry-point') return undefined;
      const file = path.join(resolveDir, name);
      if (!name.startsWith('.')) return { path: name, external: true };
      if (kind !== 'dynamic-import' && !outside.has(file)) return { path: file };
      return { path: specifier(folder, file), external: true };
    });
  },
});

export class ChunkJoiner {
  readonly #root: string;
  readonly #outputs: Metafile['outputs'];
  /** Chunks that lie in a joined file, and the joined files. */
  readonly #joined = new Set<string>();
  readonly #targets = new Set<string>();
  /** Sources in the files that are not as the bundle left them. */
  readonly #sources = new Map<string, string[]>();

  /** @param outputs of the bundle, built with `splitting`; paths relative to `root` */
  constructor(root: string, outputs: Metafile['outputs']) {
    this.#root = root;
    this.#outputs = outputs;
  }

  /**
   * @param source the file of the project whose output is joined with its static imports, but for those that an
   * earlier joined file has; each of them becomes a file that gives its exports
   * @param target the joined file, in the chunks' folder
   */
  async join(source: string, target: string): Promise<void> {
    const chunks = [...this.#withStaticImports(this.#outputOf(source))].filter(
      (chunk) => !this.#joined.has(chunk),
    );
    const exportsOf = (chunk: string, i: number) =>
      this.#outputs[chunk]!.exports.map((name) => [name, `_${i}_${name}`] as const);
    const lines = chunks.map((chunk, i) => {
      const names = exportsOf(chunk, i).map(([name, unique]) => `${name} as ${unique}`);
      return `export { ${names.join(', ')} } from '${specifier(path.dirname(target), chunk)}';`;
    });
    const folder = path.dirname(path.join(this.#root, target));
    await this.#bundle(target, { stdin: { contents: lines.join('\n'), resolveDir: folder } });
    this.#targets.add(path.join(this.#root, target));
    this.#sources.set(
      target,
      chunks.flatMap((chunk) => this.#inputsOf(chunk)),
    );
    for (const [i, chunk] of chunks.entries()) {
      const names = exportsOf(chunk, i).map(([name, unique]) => `${unique} as ${name}`);
      const from = specifier(path.dirname(chunk), target);
      writeFileSync(path.join(this.#root, chunk), `export { ${names.join(', ')} } from '${from}';\n`);
      this.#joined.add(chunk);
      this.#sources.set(chunk, []);
    }
  }

  /** Takes static imports into the output of `source`, but for joined files: copies, for what one process has and is small. */
  async inline(source: string): Promise<void> {
    const output = this.#outputOf(source);
    await this.#bundle(output, { entryPoints: [output], outdir: path.dirname(output) });
    const taken = [...this.#withStaticImports(output)].filter((chunk) => !this.#joined.has(chunk));
    this.#sources.set(
      output,
      taken.flatMap((chunk) => this.#inputsOf(chunk)),
    );
  }

  /** File → the sources that it has code of. */
  contents(): Map<string, string[]> {
    const own = Object.keys(this.#outputs).map((output) => [output, this.#inputsOf(output)] as const);
    return new Map([...own, ...this.#sources]);
  }

  #inputsOf(output: string): string[] {
    const inputs = Object.entries(this.#outputs[output]!.inputs);
    return inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([input]) => input);
  }

  #outputOf(source: string): string {
    const found = Object.keys(this.#outputs).find((output) => this.#outputs[output]!.entryPoint === source);
    if (found === undefined) throw new Error(`expected an output of ${source}, got none`);
    return found;
  }

  async #bundle(target: string, what: BuildOptions): Promise<void> {
    const file = path.join(this.#root, target);
    const { outputFiles } = await build({
      ...what,
      absWorkingDir: this.#root,
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      plugins: [follow(path.dirname(file), this.#targets)],
      logLevel: 'warning',
    });
    writeFileSync(file, outputFiles![0]!.contents);
  }

  /**
   * The entry and everything that it imports statically; and of what is imported when it is asked for, that which only
   * gives on what lies there.
   */
  #withStaticImports(entry: string): Set<string> {
    const found = new Set([entry]);
    const importsOf = (output: string) =>
      this.#outputs[output]!.imports.filter(({ kind, external }) => kind === 'import-statement' && !external);
    for (const output of found) for (const { path: target } of importsOf(output)) found.add(target);
    for (const [output, { inputs }] of Object.entries(this.#outputs)) {
      const isEmpty = Object.values(inputs).every(({ bytesInOutput }) => bytesInOutput === 0);
      if (isEmpty && importsOf(output).every(({ path: target }) => found.has(target))) found.add(output);
    }
    return found;
  }
}

function specifier(folder: string, file: string): string {
  const relative = path.relative(folder, file).replaceAll('\\', '/');
  return relative.startsWith('.') ? relative : `./${relative}`;
}
