/**
 * Whether a package's model.ggma is the one to use, and what it gives: a program, ranges of packed weights, tables.
 * Nothing here reads Circle files or graphs; what does is imported when it is needed.
 */
import { closeSync, fstatSync, openSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { type FileRange, readingFile } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import { type ProgramShape, readProgramShape, type StepLabel } from '../../plan/index.ts';
import { version } from '../../version.ts';
import type { PackageContents } from '../contents.ts';
import { fileNames } from '../names.ts';
import { type PreparedFile, readPrepared } from './format.ts';
import { decodeLabels } from './labels.ts';
import { sampleOf } from './sample.ts';
import { PreparedTables } from './tables.ts';

export interface PreparedPlan extends Pick<ProgramShape, 'vocabSize' | 'caches'> {
  program: Uint8Array;
  sources: FileRange[];
  tables: PreparedTables['tables'];
  loadTables(end: number): Promise<void> | null;
  labels(): StepLabel[];
}

export interface OpenPrepared {
  isPrepared: true;
  plan: PreparedPlan;
  /** @throws GgmaError CIRCLE_CHANGED when the file is no longer what it was */
  assertUnchanged(): void;
  /** Closes the file. Weights cannot be read any more. */
  close(): void;
}

/**
 * Opens model.ggma where it was made of this model.circle by this version of ggma.
 * @returns otherwise the reason
 * @throws GgmaError PREPARED, PROGRAM_INVALID for a damaged one, CIRCLE_CHANGED for one that changes while it is read,
 * INPUT, IO for one that the system cannot read
 */
export async function openPrepared({
  dir,
  model,
}: PackageContents & { model: string }): Promise<OpenPrepared | string> {
  const path = join(dir, fileNames.prepared);
  const fd = readingFile(path, () => openSync(path, 'r'));
  try {
    const opened = fstatSync(fd);
    const file = readPrepared(fd, opened.size, path);
    const mismatch = await findMismatch(file, model);
    if (mismatch !== null) {
      closeSync(fd);
      return mismatch;
    }
    return {
      isPrepared: true,
      plan: readPlan(file, path),
      assertUnchanged: () => assertSame(fd, opened, path),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Why the file does not belong to the model at `path`; null: it does. */
async function findMismatch({ ggma, model, sections }: PreparedFile, path: string): Promise<string | null> {
  if (ggma !== version) return `expected one that ggma ${version} made, got one of ${ggma}`;
  const other = `expected one of this ${fileNames.model}, got one of another`;
  const fd = readingFile(path, () => openSync(path, 'r'));
  try {
    const { size, mtimeMs } = fstatSync(fd);
    if (size !== model.size) return other;
    if (mtimeMs === model.mtimeMs) {
      const same = Buffer.compare(sampleOf(fd, size, path), sections.sample.read()) === 0;
      return same ? null : other;
    }
  } finally {
    closeSync(fd);
  }
  // A copy has another time, so all of its bytes are compared.
  const { recordOf } = await import('../manifest.ts');
  return (await recordOf(path)).sha256 === model.sha256 ? null : other;
}

function readPlan({ sections, tableRows }: PreparedFile, path: string): PreparedPlan {
  const program = sections.program.read();
  const labels = sections.labels.read();
  const { vocabSize, caches, tableWidths } = readProgramShape(program);
  const tables = new PreparedTables(
    { widths: tableWidths, rows: tableRows, data: sections.tables.read(), graph: sections.positions.read() },
    path,
  );
  return {
    program,
    sources: [sections.weights],
    vocabSize,
    caches,
    tables: tables.tables,
    loadTables: (end) => tables.load(end),
    labels: () => decodeLabels(labels),
  };
}

/** @throws GgmaError CIRCLE_CHANGED when the open file has another size or time than before */
export function assertSame(fd: number, opened: Stats, path: string): void {
  const { size, mtimeMs } = fstatSync(fd);
  if (size === opened.size && mtimeMs === opened.mtimeMs) return;
  throw new GgmaError(
    'CIRCLE_CHANGED',
    `expected the file to stay as it is while it is read, got ${size} bytes instead of ${opened.size} or a new content`,
    { path },
  );
}
