/** Copies what runs to PREFIX: lib/ggma (built files, addon, run-time packages, demo model) and bin (one link a command). */
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { commands } from '../lib/cli/commands.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const prefix = path.resolve(root, process.argv[2] ?? 'Product/out');
const target = path.join(prefix, 'lib/ggma');

const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
};

/** A run-time package and what it depends on itself. */
function copyPackage(name: string, done: Set<string>): void {
  if (done.has(name)) return;
  done.add(name);
  const from = path.join(root, 'node_modules', name);
  cpSync(from, path.join(target, 'node_modules', name), { recursive: true });
  const own = JSON.parse(readFileSync(path.join(from, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  for (const next of Object.keys(own.dependencies ?? {})) copyPackage(next, done);
}

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const part of ['dist', 'models', 'package.json', 'LICENSE', 'README.md'])
  cpSync(path.join(root, part), path.join(target, part), { recursive: true });
cpSync(path.join(root, 'build/Release/ggma.node'), path.join(target, 'build/Release/ggma.node'));
const copied = new Set<string>();
for (const name of Object.keys(dependencies)) copyPackage(name, copied);

mkdirSync(path.join(prefix, 'bin'), { recursive: true });
for (const { name } of commands) {
  const link = path.join(prefix, 'bin', name);
  rmSync(link, { force: true });
  symlinkSync(path.join('../lib/ggma/dist/bin', `${name}.js`), link);
}
console.log(`${commands.length} commands in ${path.join(prefix, 'bin')}`);
