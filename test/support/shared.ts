/** Where the reference data lies: GGMA_SHARED, or `shared` beside the project. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder, or null when it is absent: tests then skip and say so. */
export function sharedDir(): string | null {
  const dir = process.env.GGMA_SHARED ?? join(root, '..', 'shared');
  return existsSync(join(dir, 'golden')) ? dir : null;
}
