/**
 * What importing and exporting a model takes in memory: no more than 200 MB and the largest tensor, whatever the model.
 * A small one always, one of 1.1 billion parameters (7 GB of files) with GGMA_LONG (`make test-long`).
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { peakMemory } from '../../scripts/support/peak-memory.ts';
import { need } from '../support/need.ts';
import { largeSizes, smallSizes, writeRandomCheckpoint } from '../support/random-checkpoint.ts';
import { root } from '../support/root.ts';

const long = process.env.GGMA_LONG === '1';
const MB = 2 ** 20;

describe('memory of an export', function () {
  this.timeout(long ? 3_600_000 : 120_000);
  let scratch = '';
  beforeEach(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-export-'));
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Runs a built command in the scratch folder. @returns its peak in bytes, and seconds */
  async function run(command: string, ...words: string[]): Promise<{ peak: number; seconds: number }> {
    const memory = peakMemory(scratch);
    const begin = performance.now();
    const child = spawn(process.execPath, [path.join(root, `dist/bin/${command}.js`), ...words], {
      cwd: scratch,
      env: memory.env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 0, `${command} ${words.join(' ')}`);
    return { peak: memory.largest(), seconds: (performance.now() - begin) / 1000 };
  }

  for (const [title, sizes] of long
    ? ([
        ['small', smallSizes],
        ['1.1 B parameters', largeSizes],
      ] as const)
    : ([['small', smallSizes]] as const))
    it(title, async function () {
      // 3 × the bf16 file and its copy.
      need(
        this,
        title === 'small' ? '512 MB of room for temporary files' : '12 GB of room for temporary files',
      );
      const { total, largest } = writeRandomCheckpoint(path.join(scratch, 'model'), sizes);
      const limit = 200 * MB + largest;
      // What would hold all weights in f32 once must not pass.
      assert.ok(total > 0.9 * limit, `${total} bytes of f32`);
      mkdirSync(path.join(scratch, 'build'));
      const steps: [string, ...string[]][] = [
        ['opm', 'import', 'model'],
        ['opm', 'export'],
        ['opm', 'export', '--dtype', 'q8_0'],
      ];
      if (long)
        steps.push(
          ['opm', 'export', '--dtype', 'auto'],
          ['tinyllama', '--mode', 'decode', '--model', 'model', '-o', 'decode_.circle'],
        );
      const lines: string[] = [];
      for (const [command, ...words] of steps) {
        const { peak, seconds } = await run(command, ...words);
        lines.push(`${command} ${words.join(' ')}: ${(peak / MB).toFixed(0)} MB, ${seconds.toFixed(1)} s`);
        assert.ok(peak < limit, `${lines.at(-1)}, limit ${(limit / MB).toFixed(0)} MB`);
        if (words[0] === 'export' && words.length === 1)
          assert.ok(statSync(path.join(scratch, 'build/out/model.circle')).size > total);
      }
      console.log(
        `    ${(total / MB).toFixed(0)} MB in f32, limit ${(limit / MB).toFixed(0)} MB\n      ${lines.join('\n      ')}`,
      );
    });
});
