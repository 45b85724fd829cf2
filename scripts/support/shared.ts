/** Where the reference data lies: GGMA_SHARED, or `shared` beside the project. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The folder where it is, if it is there. */
export function sharedFolder(): string {
  return process.env.GGMA_SHARED ?? join(root, '..', 'shared');
}

/** The folder, or null when it is absent: tests then skip, and benchmarks leave out what needs it. */
export function sharedDir(): string | null {
  const dir = sharedFolder();
  return existsSync(join(dir, 'golden')) ? dir : null;
}
