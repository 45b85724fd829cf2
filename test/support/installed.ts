/** The package as a user has it: packed, and installed into an empty project. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './root.ts';

export interface InstalledProject {
  /** The project's folder. */
  dir: string;
  remove(): void;
}

/** Packs what is built. @returns the tarball's path */
export function pack(folder: string): string {
  execFileSync('npx', ['--no-install', 'tsx', 'scripts/prebuild.ts'], { cwd: root, stdio: 'pipe' });
  // Without scripts, because prepare would build everything again.
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    stdio: 'pipe',
  });
  return path.join(folder, readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '');
}

export function installedProject(): InstalledProject {
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-installed-'));
  const dir = path.join(scratch, 'project');
  mkdirSync(dir);
  writeFileSync(path.join(dir, 'package.json'), '{ "name": "service", "private": true }');
  const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', pack(scratch)];
  execFileSync('npm', words, { cwd: dir, stdio: 'pipe' });
  return { dir, remove: () => rmSync(scratch, { recursive: true, force: true }) };
}
