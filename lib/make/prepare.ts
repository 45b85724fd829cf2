/** Makes a package's model.ggma: compiles the model, packs its weights, and writes both. */
import { statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { chunksOf, FileRange, type MadeRange, openModel, requireValid, writeModel } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { lift, lower } from '../ir/graph/index.ts';
import { createEngine, type Program } from '../native.ts';
import {
  checkFit,
  encodeLabels,
  fileNames,
  layOutPrepared,
  loadTokenizer,
  type PackageContents,
  readContents,
  recordOf,
  sampleOf,
  sourceFor,
} from '../package/index.ts';
import { compile, overPackedWeights, type Plan } from '../plan/index.ts';
import { version } from '../version.ts';
import { outputErrors, writeChunks } from './write-file.ts';

/** 2,048 positions of a model with one RoPE and heads of 64. */
const TABLE_BYTES = 1 << 20;
const usualPositions = 2048;
/** What a start asks for. */
const fewestRows = 32;

/** See `prepare` in lib/index.ts. @param tableBytes what the rows of all position tables may take in the file */
export async function writePrepared(dir: string, tableBytes = TABLE_BYTES): Promise<string> {
  const contents = (await readContents(dir)) as PackageContents & { model: string };
  const path = join(dir, fileNames.prepared);
  const opened = openModel(contents.model);
  const engine = createEngine();
  try {
    const { mtimeMs } = statSync(contents.model);
    const record = { ...(await recordOf(contents.model)), mtimeMs };
    requireValid(opened.model);
    const plan = compile(lift(opened.model));
    checkFit(contents, plan, await loadTokenizer(contents));
    const sources = plan.sources.map((source) => sourceFor(source, false));
    const program = await engine.loadProgram(plan.program, sources);
    const packed = program.packedWeights();
    const { whole } = opened;
    if (!(whole instanceof FileRange))
      throw new GgmaError('INPUT', 'expected a regular file, got a pipe', { path: contents.model });
    const tableRows = rowsOf(plan, contents, tableBytes);
    const layout = layOutPrepared(
      { ggma: version, model: record, tableRows },
      {
        sample: sampleOf(whole.fd, whole.byteLength, contents.model),
        program: overPackedWeights(plan.program, packed),
        positions: plan.tables.length > 0 ? writeModel(lower(plan.positions())) : new Uint8Array(0),
        tables: rowsOfTables(plan, tableRows),
        labels: encodeLabels(plan.labels()),
        weights: Array.from(packed.sizes, (size, i) => packedWeight(program, i, size)),
      },
    );
    const part = `${path}.${process.pid}.part`;
    try {
      await outputErrors(path, async () => {
        await writeChunks(part, chunksOf(layout));
        // Whoever changes the model while it is prepared gets no prepared one.
        opened.assertUnchanged();
        await rename(part, path);
      });
    } finally {
      await rm(part, { force: true }).catch(() => {});
    }
    return path;
  } finally {
    opened.close();
    await engine.close();
  }
}

/** Positions whose rows go into the file. */
function rowsOf({ tables }: Plan, { config }: PackageContents, tableBytes: number): number {
  const row = tables.reduce((sum, { width }) => sum + width, 0) * 4;
  const most = config.maxPositions ?? usualPositions;
  return row === 0 ? 0 : Math.min(most, Math.max(fewestRows, 2 ** Math.floor(Math.log2(tableBytes / row))));
}

function rowsOfTables({ tables }: Plan, rows: number): Uint8Array {
  const parts = tables.map((table) => {
    const { buffer, byteOffset, byteLength } = table.evaluate(0, rows);
    return Buffer.from(buffer, byteOffset, byteLength);
  });
  return Buffer.concat(parts);
}

/** Copied while it is written: packed weights are never in memory twice. */
function packedWeight(program: Program, weight: number, byteLength: number): MadeRange {
  const copyTo = (target: Uint8Array, from: number) => program.copyWeight(weight, from, target);
  return {
    byteLength,
    copyTo,
    read: () => {
      const bytes = new Uint8Array(byteLength);
      copyTo(bytes, 0);
      return bytes;
    },
  };
}
