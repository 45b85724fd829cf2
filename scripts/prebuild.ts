/**
 * Puts the addon of this machine's platform where the loader looks first: prebuilds/<platform>-<arch>[-musl]/ggma.node.
 * `npm pack` runs it (prepack), so that a tarball installs without a compiler.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { prebuildTarget } from '../lib/native.ts';
import { buildAddon } from './native.ts';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const built = buildAddon();
const target = path.join(root, 'prebuilds', prebuildTarget(), 'ggma.node');
mkdirSync(path.dirname(target), { recursive: true });
rmSync(target, { force: true });
copyFileSync(built, target);
// Symbols are half of the file and of no use to who cannot rebuild it; without the tool the file is only larger.
spawnSync('strip', ['--strip-unneeded', target], { stdio: 'ignore' });
console.log(`${path.relative(root, target)}: ${statSync(target).size} bytes`);
