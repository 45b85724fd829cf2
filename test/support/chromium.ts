/** Where Chromium is: Debian's package, or what CHROMIUM names. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

export function chromiumPath(): string | undefined {
  const { CHROMIUM: named } = process.env;
  if (named) return existsSync(named) ? named : undefined;
  const paths = (process.env.PATH ?? '').split(':');
  const found = NAMES.flatMap((name) => paths.map((dir) => `${dir}/${name}`)).find(existsSync);
  // A stub that asks to install the real one is no browser.
  return found && spawnSync(found, ['--version'], { timeout: 20_000 }).status === 0 ? found : undefined;
}
