/** Headless Chromium for tests of pages: Debian's package, or what CHROMIUM names. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

function executable(): string | undefined {
  const { CHROMIUM: named } = process.env;
  if (named) return existsSync(named) ? named : undefined;
  const paths = (process.env.PATH ?? '').split(':');
  const found = NAMES.flatMap((name) => paths.map((dir) => `${dir}/${name}`)).find(existsSync);
  // A stub that asks to install the real one is no browser.
  return found && spawnSync(found, ['--version'], { timeout: 20_000 }).status === 0 ? found : undefined;
}

/** For `before`: a browser, or the tests of the block are skipped, and say so. */
export async function needBrowser(context: Mocha.Context): Promise<Browser> {
  const executablePath = executable();
  if (executablePath === undefined) {
    console.warn('SKIPPED: no Chromium on the PATH (Debian: apt-get install chromium)');
    context.skip();
  }
  // Tests often run as root, in containers, where Chromium's sandbox cannot work.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}
