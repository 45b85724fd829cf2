/** Makes a package's model.ggma: compiles the model, packs its weights, and writes both. */
import { statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { chunksOf, FileRange, type MadeRange, openModel, requireValid } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { lift } from '../ir/graph/index.ts';
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
import { compile, overPackedWeights, tableData } from '../plan/index.ts';
import { version } from '../version.ts';
import { outputErrors, writeChunks } from './write-file.ts';

/** See `prepare` in lib/index.ts. @param tableBytes what the rows of all position tables may take in the file */
export async function writePrepared(dir: string, tableBytes?: number): Promise<string> {
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
    const tables = tableData(plan, contents.config.maxPositions ?? Infinity, tableBytes);
    const layout = layOutPrepared(
      { ggma: version, model: record, tableRows: tables.rows },
      {
        sample: sampleOf(whole.fd, whole.byteLength, contents.model),
        program: overPackedWeights(plan.program, packed),
        positions: tables.graph,
        tables: tables.data,
        labels: encodeLabels(plan.labels()),
        weights: Array.from(packed.sizes, (size, i) => packedWeight(program, i, size)),
      },
    );
    const part = `${path}.${process.pid}.part`;
    try {
      await outputErrors(path, async () => {
        await writeChunks(part, chunksOf(layout));
        // A model.circle that was changed in the meantime would not fit the file, so the file is given up then.
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
