/**
 * This machine's own figures: `npm run bench -- [--quick] [--only throughput,context] [--except serving]`. Each question
 * is a process of its own, which prints a table and leaves JSON in .bench; then .bench/index.html is made of them all.
 * --quick asks small models with few rounds. What fails is said, and the rest is asked all the same.
 */
import { spawnSync } from 'node:child_process';
import { chosenQuestions } from './bench/questions.ts';
import { root } from './bench/results.ts';

function run(script: string, words: readonly string[]): boolean {
  const { status } = spawnSync(process.execPath, ['--import', 'tsx', script, ...words], {
    cwd: root,
    stdio: 'inherit',
  });
  return status === 0;
}

function main(): void {
  let chosen: ReturnType<typeof chosenQuestions>;
  try {
    chosen = chosenQuestions(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
    return;
  }
  const failed: string[] = [];
  for (const [i, { name, script, words, asks }] of chosen.entries()) {
    console.log(`\n[${i + 1}/${chosen.length}] ${name}: ${asks}`);
    const start = performance.now();
    if (!run(script, words)) failed.push(name);
    console.log(`${name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  if (!run('scripts/bench/page.ts', [])) failed.push('page');
  if (failed.length > 0) {
    console.error(`failed: ${failed.join(', ')}`);
    process.exitCode = 1;
  }
}

main();
