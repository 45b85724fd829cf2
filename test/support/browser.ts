/** Headless Chromium for tests of pages. */
import { type Browser, chromium } from 'playwright-core';
import { chromiumPath } from './chromium.ts';
import { need } from './need.ts';

/** For `before`: a browser, or the tests of the block are skipped. */
export async function launchBrowser(context: Mocha.Context): Promise<Browser> {
  need(context, 'Chromium on the PATH (Debian: chromium)');
  // Tests often run as root, in containers, where Chromium's sandbox cannot work.
  const args = ['--no-sandbox', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath: chromiumPath()!, args });
}
