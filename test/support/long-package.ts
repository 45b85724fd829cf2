/** The demo's package for a context that nobody lives to see full: generations that end only when they are ended. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../../lib/circle/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { packModel } from '../../lib/make/index.ts';
import { lilyDir } from './lily.ts';

const longContext = 1_000_000;

/** Fills an empty folder. */
export function writeLongPackage(dir: string): void {
  cpSync(lilyDir, dir, { recursive: true });
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as Record<string, unknown>;
  writeFileSync(
    join(dir, 'config.json'),
    JSON.stringify({ ...config, max_position_embeddings: longContext }),
  );
  writeFileSync(join(dir, 'model.circle'), writeModel(lower(packModel(dir))));
}
