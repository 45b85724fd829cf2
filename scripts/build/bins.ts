/** dist/bin: a start file for each command. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Command, commands } from '../../lib/cli/commands.ts';
import { oldestNode } from '../../lib/version.ts';
import { dist } from './paths.ts';

/**
 * An older Node would end with a TypeError somewhere in the bundles. The same words as lib/check-node.ts, which would
 * have to be loaded first: a filter's start pays for every file.
 */
function nodeCheck(): string {
  const [major, minor] = oldestNode.split('.');
  return `const [major, minor] = process.versions.node.split('.').map(Number);
if (major < ${major} || (major === ${major} && minor < ${minor})) {
  console.error('ggma: NODE_TOO_OLD: expected Node ${oldestNode} or later, got ' + process.versions.node);
  process.exit(1);
}`;
}

function startOf({ name, file }: Command): string {
  if (file === null) return `require('../cli/start.cjs').start('${name}');`;
  return `import('../cli/${name}.js')
  .then(({ main }) => main(process.argv.slice(2)))
  .then((code) => {
    process.exitCode = code;
  });`;
}

export function writeBins(): void {
  const bin = path.join(dist, 'bin');
  mkdirSync(bin, { recursive: true });
  // CommonJS: a start file that is an ES module costs a filter 5 ms.
  writeFileSync(path.join(bin, 'package.json'), '{ "type": "commonjs" }\n');
  for (const command of commands) {
    const file = path.join(bin, `${command.name}.js`);
    writeFileSync(file, `#!/usr/bin/env node\n'use strict';\n\n${nodeCheck()}\n${startOf(command)}\n`);
    chmodSync(file, 0o755);
  }
}
