/** The demo model as a package on disk. */
import { copyFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeModel } from '../../lib/circle/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { demoDir, packModel } from '../../lib/make/index.ts';
import { scratchFolder } from './checkpoint.ts';

export function demoPackage(): { dir: string; remove(): void } {
  const { path: dir, remove } = scratchFolder();
  for (const name of ['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer.model'])
    copyFileSync(path.join(demoDir(), name), path.join(dir, name));
  writeFileSync(path.join(dir, 'model.circle'), writeModel(lower(packModel(demoDir()))));
  return { dir, remove };
}
