/**
 * Puts the addon of this machine's platform where the package carries it: prebuilds/<platform>-<arch>[-musl]/ggma.node. npm
 * runs it as part of `prepare`, before it packs the project or installs it from git, so that what is installed needs no
 * compiler. Addons of other platforms in prebuilds/ stay.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { prebuildTarget } from '../lib/native.ts';
import { root } from './build/paths.ts';
import { buildAddon } from './native.ts';

const built = buildAddon();
const target = path.join(root, 'prebuilds', prebuildTarget(), 'ggma.node');
mkdirSync(path.dirname(target), { recursive: true });
// Removed first: a process that has the old file mapped would crash if it were overwritten.
rmSync(target, { force: true });
copyFileSync(built, target);
// Symbols are half of the file and serve nobody without the objects; where strip is missing the file is only larger.
spawnSync('strip', ['--strip-unneeded', target], { stdio: 'ignore' });
console.log(`${path.relative(root, target)}: ${statSync(target).size} bytes`);
