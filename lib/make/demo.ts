/** The demo model that comes with the package, taken the whole way in memory: export, filters, merge, compile. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readBytes, writeModel } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { openHf } from '../export/index.ts';
import { lower, type Module } from '../ir/graph/index.ts';
import { type LoadOptions, loadContents, readContents } from '../package/index.ts';
import type { Model } from '../runtime/index.ts';
import { runPipeline, seedPipeline } from './pipeline.ts';

/** models/lily, found by walking up: sources and built files lie at different depths. */
export function demoDir(): string {
  for (let dir = path.dirname(fileURLToPath(import.meta.url)); ; dir = path.dirname(dir)) {
    const found = path.join(dir, 'models/lily');
    if (existsSync(path.join(found, 'config.json'))) return found;
    if (dir === path.dirname(dir))
      throw new GgmaError('INSTALL_BROKEN', 'expected models/lily beside ggma’s package.json, got none');
  }
}

/** The seed's pipeline over both graphs of a Hugging Face directory, with all weights in memory: it is not read again. */
export function packModel(dir: string): Module {
  const module = runPipeline(openHf(dir), seedPipeline);
  for (const buffer of module.buffers) if (buffer.data !== null) buffer.data = readBytes(buffer.data);
  return module;
}

/** @throws what `load` throws */
export async function loadDemo(options: LoadOptions = {}): Promise<Model> {
  const dir = demoDir();
  return loadContents(await readContents(dir, writeModel(lower(packModel(dir)))), options);
}
