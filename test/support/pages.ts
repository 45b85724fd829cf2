/** Runs the code blocks of a page in order, in a folder of its own, with the commands and the package as installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { type Block, showsOutput } from './markdown.ts';
import { root } from './root.ts';

/** README.md and what is in docs, as paths in the project. */
export function pages(): string[] {
  const docs = readdirSync(path.join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...docs.sort().map((name) => `docs/${name}`)];
}

export const readPage = (page: string): string => readFileSync(path.join(root, page), 'utf8');

/** What `make install` makes. */
export function installTo(prefix: string): void {
  execFileSync('npx', ['--no-install', 'tsx', 'scripts/install.ts', prefix], { cwd: root, stdio: 'pipe' });
}

/** A folder as a reader has it: the demo model, the commands on the PATH, ggma among the packages. */
export function readersFolder(dir: string, prefix: string): string {
  mkdirSync(path.join(dir, 'node_modules'), { recursive: true });
  mkdirSync(path.join(dir, 'Product'));
  symlinkSync(path.join(root, 'models'), path.join(dir, 'models'));
  symlinkSync(path.join(root, 'examples'), path.join(dir, 'examples'));
  symlinkSync(prefix, path.join(dir, 'Product/out'));
  symlinkSync(path.join(prefix, 'lib/ggma'), path.join(dir, 'node_modules/ggma'));
  return dir;
}

/** @returns how many blocks were run, and how many outputs compared */
export function runBlocks(
  page: string,
  blocks: readonly Block[],
  dir: string,
): { run: number; compared: number } {
  const counts = { run: 0, compared: 0 };
  for (const [i, block] of blocks.entries()) {
    const where = `${page}:${block.line}`;
    if (block.kind === 'file') writeFileSync(path.join(dir, block.note), block.text);
    if (block.kind !== 'run') continue;
    const shown = blocks[i + 1]?.kind === 'output' ? blocks[i + 1]! : null;
    const { stdout, stderr, status } = runBlock(block, where, dir, shown !== null);
    counts.run++;
    assert.equal(status, block.exit, `${where}: exit code\n${stdout}${stderr}`);
    // What a page does not show must not be there: a warning, an error that did not matter.
    if (shown === null) {
      assert.equal(stderr, '', where);
      continue;
    }
    counts.compared++;
    if (!showsOutput(shown.text, stdout))
      assert.equal(stdout.trimEnd(), shown.text.trimEnd(), `${page}:${shown.line}`);
  }
  return counts;
}

/** @param joined standard error goes where standard output goes, in the order of time */
function runBlock({ language, text, line }: Block, where: string, dir: string, joined: boolean) {
  const env = { ...process.env, PATH: `${path.join(dir, 'Product/out/bin')}:${process.env.PATH}` };
  const shell = (script: string) =>
    spawnSync('bash', ['--norc', '-euo', 'pipefail', '-c', `${joined ? 'exec 2>&1\n' : ''}${script}`], {
      cwd: dir,
      env,
      encoding: 'utf8',
    });
  if (language === 'sh') return shell(text);
  const file = `block-${line}.${language === 'js' ? 'mjs' : language === 'ts' ? 'mts' : language}`;
  writeFileSync(path.join(dir, file), text);
  if (language !== 'ts') return shell(`node ${file}`);
  checkTypes(where, file, dir);
  writeFileSync(path.join(dir, `${file}.mjs`), transformSync(text, { loader: 'ts', format: 'esm' }).code);
  return shell(`node ${file}.mjs`);
}

/** As a user's compiler sees the package: by its types. */
function checkTypes(where: string, file: string, dir: string): void {
  const words = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const { stdout, status } = spawnSync(
    process.execPath,
    [
      path.join(root, 'node_modules/typescript/bin/tsc'),
      ...words,
      ...['--lib', 'es2023,esnext.disposable', '--typeRoots', path.join(root, 'node_modules/@types'), file],
    ],
    { cwd: dir, encoding: 'utf8' },
  );
  assert.equal(stdout, '', where);
  assert.equal(status, 0, where);
}
