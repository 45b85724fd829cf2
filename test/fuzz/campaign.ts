/**
 * One campaign, in a process of its own: `campaign.ts TARGET SEED FLIPS LENGTHS`. Prints how many inputs were accepted
 * and refused, and exits 1 at the first that ends otherwise than by success or GgmaError. The input that is being tried
 * is named in the file GGMA_FUZZ_CASE, so that a crash or a hang can be found.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import process from 'node:process';
import { GgmaError } from '../../lib/errors.ts';
import { seeded } from '../support/mutate.ts';
import { scratchDir, targets } from './targets.ts';

const [name = '', seedText = '1', flipText = '0', lengthText = '0'] = process.argv.slice(2);
const target = targets[name];
if (target === undefined) throw new Error(`expected one of ${Object.keys(targets).join(', ')}, got ${name}`);
const random = seeded(Number(seedText));
const below = (limit: number) => Math.floor(random() * limit);
const log = process.env.GGMA_FUZZ_CASE === undefined ? null : openSync(process.env.GGMA_FUZZ_CASE, 'w');
const counts = { accepted: 0, refused: {} as Record<string, number> };

async function attempt(label: string, bytes: Uint8Array): Promise<void> {
  if (log !== null) writeSync(log, label.padEnd(60), 0);
  try {
    await target!.run(bytes);
    counts.accepted++;
  } catch (error) {
    if (!(error instanceof GgmaError)) {
      console.error(`${name} ${label}: expected success or a GgmaError, got`, error);
      process.exit(1);
    }
    counts.refused[error.code] = (counts.refused[error.code] ?? 0) + 1;
  }
}

const scale = target.slowness ?? 1;
const small = target.small();
if (small !== null && small.byteLength > 8192)
  throw new Error(`expected a small file of at most 8 KB, got ${small.byteLength}`);
const demo = await target.demo();
const whole = [demo, ...(small === null ? [] : [small])];
for (const bytes of whole) await attempt('a whole file', bytes);
if (counts.accepted !== whole.length)
  throw new Error(`expected whole files to be accepted, got ${JSON.stringify(counts)}`);

for (let length = 0; length < (small?.byteLength ?? 0); length++)
  await attempt(`small, first ${length}`, small!.slice(0, length));
for (let i = 0; i < Number(lengthText) / scale; i++) {
  const length = below(demo.byteLength);
  await attempt(`demo, first ${length}`, demo.slice(0, length));
}
const borders = [...new Set(target.borders(demo).flatMap((at) => [at - 1, at, at + 1]))];
if (borders.length < 3) throw new Error('expected borders to cut at, got none');
for (const at of borders)
  if (at >= 0 && at < demo.byteLength) await attempt(`demo, first ${at}`, demo.slice(0, at));

const metadata = target.metadata(demo);
for (let i = 0; i < Number(flipText) / scale; i++) {
  // One to four bytes; every second time within the metadata.
  const bytes = demo.slice();
  const flips: string[] = [];
  for (let left = 1 + below(4); left > 0; left--) {
    const at = below(i % 2 === 0 ? metadata : bytes.byteLength);
    const kind = below(3);
    bytes[at] =
      kind === 0 ? bytes[at]! ^ (1 << below(8)) : kind === 1 ? below(256) : [0, 1, 127, 128, 255][below(5)]!;
    flips.push(`${at}=${bytes[at]}`);
  }
  await attempt(`demo, ${flips.join(' ')}`, bytes);
}
if (log !== null) closeSync(log);
rmSync(scratchDir, { recursive: true, force: true });
console.log(JSON.stringify(counts));
process.exit(0);
