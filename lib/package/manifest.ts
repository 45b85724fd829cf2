/**
 * ggma.json: says that ggma made a folder, from what, and what it checked then. A folder without it is somebody's
 * own work: it is loaded just the same, and never replaced or removed unasked.
 */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import process from 'node:process';
import { GgmaError } from '../errors.ts';
import { Fields } from '../fields.ts';
import { isObject, type Json, type JsonObject, parseJsonObject } from '../json.ts';
import { fromSystemError, isAbsent } from '../system-error.ts';
import { version } from '../version.ts';
import { fileNames } from './names.ts';

/** The one format there is; a higher number is refused. */
const format = 1;

export interface FileRecord {
  size: number;
  sha256: string;
}

export interface Manifest {
  /** An imported Hugging Face directory, or a package. */
  made: 'import' | 'package';
  /** `owner/name@commit` or a directory's path: what the folder was made of. */
  source: string | null;
  /** tokenizer.json and tokenizer.model of exactly these hashes gave the same ids; null: not both are there. */
  tokenizersAgree: boolean | null;
  files: Readonly<Record<string, FileRecord>>;
}

export function manifestText({ made, source, tokenizersAgree, files }: Manifest): string {
  const content = { format, ggma: version, made, source, tokenizers_agree: tokenizersAgree, files };
  return `${JSON.stringify(content, null, 2)}\n`;
}

/** The folder's manifest, or null where there is none. @throws GgmaError CONFIG, PACKAGE_VERSION, INPUT, IO */
export async function readManifest(dir: string): Promise<Manifest | null> {
  const path = join(dir, fileNames.manifest);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (isAbsent(cause)) return null;
    throw fromSystemError(cause, { path, code: 'INPUT', expected: 'a readable file' });
  }
  const file = parseJsonObject(bytes, path);
  const fields = new Fields(file, path);
  if (fields.integer('format') > format)
    throw new GgmaError('PACKAGE_VERSION', `expected format ${format} or lower, got ${String(file.format)}`, {
      path,
    });
  const { made, tokenizers_agree: agree = null } = file;
  if (made !== 'import' && made !== 'package') return fields.fail('made', '"import" or "package"');
  if (agree !== null && typeof agree !== 'boolean')
    return fields.fail('tokenizers_agree', 'true, false or null');
  return {
    made,
    source: fields.optionalString('source'),
    tokenizersAgree: agree,
    files: readRecords(file, fields),
  };
}

function readRecords({ files }: JsonObject, fields: Fields): Record<string, FileRecord> {
  const records: Record<string, FileRecord> = {};
  if (!isObject(files)) return fields.fail('files', 'an object');
  for (const [name, record] of Object.entries(files)) {
    // A name with a path in it would have files outside of the folder read and compared.
    if (basename(name) !== name || name === '.' || name === '..' || name.includes('\\'))
      return fields.fail('files', `names of files without a path (not ${JSON.stringify(name)})`);
    if (!isRecord(record)) return fields.fail('files', 'size and sha256 for every name');
    records[name] = { size: record.size, sha256: record.sha256 };
  }
  return records;
}

function isRecord(value: Json): value is JsonObject & FileRecord {
  return isObject(value) && typeof value.size === 'number' && typeof value.sha256 === 'string';
}

export async function recordOf(path: string): Promise<FileRecord> {
  // Not imported: it takes 6 ms, and to load a package seldom needs it.
  const digest = process.getBuiltinModule('node:crypto').createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }))
    digest.update(chunk as Buffer);
  return { size: (await stat(path)).size, sha256: digest.digest('hex') };
}
