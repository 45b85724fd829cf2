/** Formatters, linters and type checker over the whole tree; exits 1 when any of them complains. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

const sources = ['native', 'test/native', 'test/kernels', 'test/fuzz', 'test/bench', 'scripts/bench'].flatMap(
  (dir) =>
    readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(cc|h)$/.test(file))
      .map((file) => path.join(dir, file)),
);
if (sources.length === 0) throw new Error('expected C++ sources to check, found none');

const checks: string[][] = [
  ['biome', 'check', '--error-on-warnings', '.'],
  ['tsc', '-p', 'tsconfig.json'],
  ['tsc', '-p', 'lib/view/page/tsconfig.json'],
  ['clang-format', '--dry-run', '--Werror', ...sources],
];
let failed = 0;
for (const words of checks) {
  const { status } = spawnSync('npx', ['--no-install', ...words], { cwd: root, stdio: 'inherit' });
  console.error(`${words[0]}: ${status === 0 ? 'clean' : 'failed'}`);
  if (status !== 0) failed++;
}
process.exitCode = failed === 0 ? 0 : 1;
