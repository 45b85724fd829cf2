/** Formatters, linters and type checks over the whole tree: each is one check of the gate. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Check {
  name: string;
  /** A command of node_modules/.bin and its arguments. */
  words: readonly string[];
}

/** The projects of TypeScript: the browser's code has other global names than Node's. */
export const typeChecks: readonly Check[] = [
  { name: 'types', words: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types of the page', words: ['tsc', '-p', 'lib/view/page/tsconfig.json'] },
];

/** All checks. With `fix`, formatters and linters rewrite what they can. */
export function allChecks({ fix = false } = {}): Check[] {
  const biome = fix ? ['check', '--write'] : ['check', '--error-on-warnings'];
  const clang = fix ? ['-i'] : ['--dry-run', '--Werror'];
  return [
    { name: 'biome', words: ['biome', ...biome, '.'] },
    { name: 'clang-format', words: ['clang-format', ...clang, ...cppSources()] },
    ...typeChecks,
  ];
}

function cppSources(): string[] {
  const folders = ['native', 'test/native', 'test/kernels', 'test/fuzz', 'test/bench', 'scripts/bench'];
  const sources = folders.flatMap((dir) =>
    readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(cc|h)$/.test(file))
      .map((file) => path.join(dir, file)),
  );
  if (sources.length === 0) throw new Error('expected C++ sources to check, found none');
  return sources;
}

/** Runs the checks, whose complaints go to the terminal. */
export function runChecks(checks: readonly Check[]): Outcome {
  const failures: string[] = [];
  for (const { name, words } of checks) {
    const { status } = spawnSync('npx', ['--no-install', ...words], { cwd: root, stdio: 'inherit' });
    console.error(`${name}: ${status === 0 ? 'clean' : 'failed'}`);
    if (status !== 0) failures.push(`check: ${name} (npm run lint)`);
  }
  return { passed: checks.length - failures.length, failures, remarks: [] };
}
