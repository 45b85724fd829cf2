/** Writes a package: the model, the Hugging Face directory's own files, and ggma.json, in one folder or not at all. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { chunksOf, layOut } from '../circle/index.ts';
import { lower, type Module } from '../ir/graph/index.ts';
import {
  carriedNames,
  checkFit,
  type FileRecord,
  fileNames,
  loadTokenizer,
  manifestText,
  readContents,
  recordOf,
} from '../package/index.ts';
import { compile } from '../plan/index.ts';
import { tokenizersDifference } from './check-tokenizers.ts';
import { checkReplaceable, copyWritable, replaceFolder, withoutTemporaryName } from './folder.ts';
import { outputErrors, writeChunks } from './write-file.ts';

export interface PackageParts {
  module: Module;
  /** The Hugging Face directory that configuration and tokenizers come from. */
  from: string;
  /** Where that came from, for ggma.json. */
  source?: string | null;
}

export interface WriteOptions {
  /** Replace a folder that ggma did not make. */
  force?: boolean;
}

/**
 * Writes to `dir`, in place of an older package of ours, what `load` will take. Weights lie behind the flatbuffer,
 * 64-byte aligned.
 * @returns warnings, those that `load` will give
 * @throws GgmaError OUTPUT_EXISTS, OUTPUT, what `load` would throw; `dir` is then what it was
 */
export async function writePackage(
  dir: string,
  parts: PackageParts,
  options: WriteOptions = {},
): Promise<readonly string[]> {
  await checkReplaceable(dir, 'package', options.force ?? false);
  const plan = compile(parts.module);
  const building = `${dir}.${process.pid}.part`;
  try {
    await outputErrors(dir, () => fill(building, parts));
    // What is wrong with a copied file is wrong with the original, so messages name that one.
    const contents = await withoutTemporaryName(building, parts.from, async () => {
      const copied = await readContents(building);
      checkFit({ ...copied, dir: parts.from }, plan, await loadTokenizer(copied));
      return copied;
    });
    await replaceFolder(dir, building);
    return contents.warnings.map((warning) => warning.replace(building, dir));
  } finally {
    await rm(building, { recursive: true, force: true }).catch(() => {});
  }
}

async function fill(dir: string, { module, from, source = null }: PackageParts): Promise<void> {
  await mkdir(dirname(dir), { recursive: true });
  await mkdir(dir);
  const there = new Set(await readdir(from));
  const carried = carriedNames.filter((name) => there.has(name));
  for (const name of carried) await copyWritable(join(from, name), join(dir, name));
  await writeChunks(join(dir, fileNames.model), chunksOf(layOut(lower(module), { externalBuffers: true })));
  const files: Record<string, FileRecord> = {};
  for (const name of [fileNames.model, ...carried]) files[name] = await recordOf(join(dir, name));
  const difference = await tokenizersDifference(dir);
  const tokenizersAgree = difference === undefined ? null : difference === null;
  const manifest = manifestText({ made: 'package', source, tokenizersAgree, files });
  await writeFile(join(dir, fileNames.manifest), manifest);
}
