/**
 * What tests may need and a machine may lack. These are the only reasons to skip: the gate counts every other skipped test
 * as failed.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromiumPath } from './chromium.ts';
import { sharedDir, sharedFolder } from './shared.ts';

const runs = (command: string, ...words: string[]) => spawnSync(command, words).status === 0;

/** Mounts over a folder of its own, in a namespace of its own. */
function canMount(options: string): boolean {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'ggma-mount-'));
  try {
    return runs('unshare', '-m', 'sh', '-c', `mount ${options.replaceAll('DIR', `'${dir}'`)}`);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const SHARED = 'the shared reference data (GGMA_SHARED, or ../shared)';

function hasRoom(bytes: number): boolean {
  const { bavail, bsize } = statfsSync(os.tmpdir());
  return bavail * bsize >= bytes;
}

const needs = {
  [SHARED]: () => sharedDir() !== null,
  'Chromium on the PATH (Debian: chromium)': () => chromiumPath() !== undefined,
  'Linux (/proc)': () => existsSync('/proc/self/status'),
  'prlimit(1)': () => runs('prlimit', '--version'),
  'script(1)': () => runs('script', '--version'),
  'a user who may mount a small disk': () => canMount('-t tmpfs -o size=64k none DIR'),
  'a user who may mount read-only': () => canMount('--bind DIR DIR && mount -o remount,ro,bind DIR'),
  '64 MB of room for temporary files': () => hasRoom(64 * 2 ** 20),
  '512 MB of room for temporary files': () => hasRoom(512 * 2 ** 20),
  '12 GB of room for temporary files': () => hasRoom(12e9),
} satisfies Record<string, () => boolean>;

export type Need = keyof typeof needs;

/**
 * Skips the test, or in a hook the tests of its block, where `what` is absent, and says so to the reporter.
 * @throws Error where the folder of the reference data exists but has none: that is a mistake, and no reason to skip
 */
export function need(context: Mocha.Context, what: Need): void {
  if (needs[what]()) return;
  if (what === SHARED && existsSync(sharedFolder()))
    throw new Error(`expected the reference data in ${sharedFolder()}, got a folder without it`);
  // mocha's types do not know what tells a hook from a test.
  const runnable = context.test as Mocha.Runnable & { type?: string };
  const skipped: object = runnable.type === 'hook' ? runnable.parent! : runnable;
  Object.assign(skipped, { skippedWithout: what });
  context.skip();
}

/** The reference data, or the tests are skipped. */
export function needSharedDir(context: Mocha.Context): string {
  need(context, SHARED);
  return sharedDir()!;
}
