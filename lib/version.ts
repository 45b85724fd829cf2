/** The package's version, from its package.json: the one place where it stands. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GgmaError } from './errors.ts';

/** Found by walking up, because sources and the built files lie at different depths. */
function readVersion(): string {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >;
      if (name === 'ggma' && typeof version === 'string') return version;
    } catch {
      // no package.json here: go on upwards
    }
    if (dir === dirname(dir))
      throw new GgmaError('INSTALL_BROKEN', `expected ggma's package.json above ${dir}`);
  }
}

export const version: string = readVersion();
