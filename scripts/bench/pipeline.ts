/**
 * What the filters cost: the seed's seven commands as a pipe and in one process, against a bare `node -e 0`, over the
 * reference's probe model (2.8 MB) and over the same architecture with 32,000 words (18 MB, random weights). Prints
 * wall times as multiples of bare node, and peak memory above it. Runs take turns, so that other programs on the machine
 * slow all ways alike.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { peakMemory } from '../support/peak-memory.ts';
import { sharedDir } from '../support/shared.ts';
import { median } from './measure.ts';
import { architectures, writeHuggingFace } from './models.ts';
import { count, optionsOf } from './options.ts';
import { machine, root, save } from './results.ts';
import { figuresTable } from './table.ts';

const { rounds } = optionsOf({ rounds: count('9') }, 'none');

/** The three ways to the same result, as shell scripts in a folder with prefill.circle and decode_.circle. */
function scripts(): Record<string, string> {
  const run = (name: string) => `"${process.execPath}" "${path.join(root, 'dist/bin', name)}.js"`;
  const reshape = 'reshape.io input --by_shape [1,16,30,4] [1,16,32,4]';
  const names = "--sig-names 'prefill;decode'";
  const [first, ...words] = reshape.split(' ');
  return {
    'bare node': `"${process.execPath}" -e 0`,
    'one process': `${run('o2o')} fuse.attention + ${reshape} + transpose.io.kvcache + merge.circles prefill.circle - ${names} + fuse.bmm_lhs_const + downcast.input_ids + gc < decode_.circle > model.circle`,
    'pipe of seven': [
      `${run('fuse.attention')} < decode_.circle | ${run(first!)} ${words.join(' ')} | ${run('transpose.io.kvcache')} > decode.circle`,
      `${run('merge.circles')} prefill.circle decode.circle | ${run('fuse.bmm_lhs_const')} | ${run('downcast.input_ids')} | ${run('gc')} > model.circle`,
    ].join(' && '),
  };
}

function shell(script: string, cwd: string, env: NodeJS.ProcessEnv = process.env): void {
  const { status, stderr } = spawnSync('sh', ['-c', script], { cwd, env, encoding: 'utf8' });
  if (status !== 0 || stderr !== '') throw new Error(`${script}: exit ${status}\n${stderr}`);
}

/** The largest resident memory of any process of a script, in MB. */
function peakOf(script: string, dir: string): number {
  const peak = peakMemory(dir);
  shell(script, dir, peak.env);
  return peak.largest() / 2 ** 20;
}

function measure(title: string, dir: string): Record<string, Record<string, number>> {
  const ways = Object.entries(scripts());
  const times = new Map<string, number[]>(ways.map(([name]) => [name, []]));
  for (let i = -1; i < rounds; i++) {
    for (const [name, script] of ways) {
      const start = performance.now();
      shell(script, dir);
      // The first round warms the file cache.
      if (i >= 0) times.get(name)!.push(performance.now() - start);
    }
  }
  const bare = { ms: median(times.get('bare node')!), mb: peakOf(ways[0]![1], dir) };
  const size = statSync(path.join(dir, 'model.circle')).size / 2 ** 20;
  const rows = ways.map(([name, script]) => {
    const ms = median(times.get(name)!);
    const mb = peakOf(script, dir);
    const figures = {
      ms: Math.round(ms),
      '× bare node': Number((ms / bare.ms).toFixed(2)),
      'peak MB': Math.round(mb),
      'MB above bare': Math.round(mb - bare.mb),
      '× file': Number(((mb - bare.mb) / size).toFixed(2)),
    };
    return [name, figures] as const;
  });
  console.log(`\n${title}, model.circle of ${size.toFixed(1)} MB`);
  console.log(figuresTable(Object.fromEntries(rows)));
  return Object.fromEntries(rows);
}

const scratch = mkdtempSync(path.join(tmpdir(), 'ggma-bench-'));
try {
  const result: Record<string, unknown> = {};
  const shared = sharedDir();
  if (shared === null) console.log('the reference data is absent: probe is left out');
  else {
    const dir = path.join(scratch, 'probe');
    mkdirSync(dir);
    for (const name of ['prefill.circle', 'decode_.circle'])
      writeFileSync(path.join(dir, name), readFileSync(path.join(shared, 'golden/probe', name)));
    result.probe = measure('golden/probe', dir);
  }
  const dir = path.join(scratch, 'words');
  writeHuggingFace(path.join(dir, 'hf'), architectures.T0);
  for (const mode of ['prefill', 'decode'])
    shell(
      `"${process.execPath}" "${path.join(root, 'dist/bin/tinyllama.js')}" --mode ${mode} --model hf`,
      dir,
    );
  result['32,000 words'] = measure('32,000 words', dir);
  save('pipeline', { machine: machine(), figures: result });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
