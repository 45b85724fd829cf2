/** The peak resident memory of Node processes, told by themselves when they end. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process writes: VmHWM where there is /proc, because maxRSS starts with what the parent had at the fork. */
const HOOK = `
const { appendFileSync, readFileSync } = require('node:fs');
process.on('exit', () => {
  let peak = process.resourceUsage().maxRSS;
  try {
    peak = Number(/VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {}
  appendFileSync(process.env.GGMA_PEAK_FILE, peak + '\\n');
});
`;

/** Watches every Node process that is started with `env`. */
export function peakMemory(dir: string): { env: NodeJS.ProcessEnv; largest(): number } {
  const [hook, report] = [join(dir, 'peak.cjs'), join(dir, 'peak.txt')];
  writeFileSync(hook, HOOK);
  rmSync(report, { force: true });
  const options = `${process.env.NODE_OPTIONS ?? ''} --require "${hook}"`;
  return {
    env: { ...process.env, NODE_OPTIONS: options, GGMA_PEAK_FILE: report },
    /** In bytes. */
    largest() {
      const peaks = readFileSync(report, 'utf8').trim().split('\n').map(Number);
      rmSync(report);
      return 1024 * Math.max(...peaks);
    },
  };
}
