/** The package's version, from its package.json: the one place where it stands. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GgmaError } from './errors.ts';

interface Package {
  version: string;
  engines: { node: string };
}

/** Found by walking up, because sources and the built files lie at different depths. */
function readPackage(): Package {
  for (let dir = dirname(fileURLToPath(import.meta.url)); ; dir = dirname(dir)) {
    try {
      const file = JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as Package & { name: unknown };
      if (file.name === 'ggma') return file;
    } catch {
      // no package.json here: go on upwards
    }
    if (dir === dirname(dir))
      throw new GgmaError('INSTALL_BROKEN', `expected ggma's package.json above ${dir}`);
  }
}

const own = readPackage();

export const version: string = own.version;

/** The oldest Node that will do, as major.minor. */
export const oldestNode: string = own.engines.node.replace(/^>=/, '');
