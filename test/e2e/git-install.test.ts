/**
 * `npm install git+file://…`: npm clones the project, installs its tools, runs `prepare` and packs the result. It compiles
 * everything, so only the long run does it (GGMA_LONG).
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prebuildTarget } from '../../lib/native.ts';
import { root } from '../support/root.ts';

const long = process.env.GGMA_LONG === '1';

describe('the project as a git dependency (GGMA_LONG)', function () {
  this.timeout(1_800_000);
  let scratch = '';
  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-git-'));
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A clone with what is in the working tree, committed or not. */
  function clone(): string {
    const target = path.join(scratch, 'clone');
    execFileSync('git', ['clone', '--quiet', root, target]);
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
      cwd: root,
    });
    const present = files
      .toString()
      .split('\0')
      .filter((file) => file !== '' && existsSync(path.join(root, file)));
    execFileSync('tar', ['-C', root, '--null', '-T', '-', '-cf', path.join(scratch, 'tree.tar')], {
      input: present.join('\0'),
    });
    execFileSync('git', ['rm', '-rq', '--cached', '.'], { cwd: target });
    execFileSync('git', ['clean', '-fdxq'], { cwd: target });
    execFileSync('tar', ['-C', target, '-xf', path.join(scratch, 'tree.tar')]);
    const who = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
    execFileSync('git', ['add', '-A'], { cwd: target });
    execFileSync('git', [...who, 'commit', '--quiet', '--allow-empty', '-m', 'tree'], { cwd: target });
    return target;
  }

  it('has its addon, and runs', () => {
    if (!long) return;
    const project = path.join(scratch, 'project');
    mkdirSync(project);
    writeFileSync(path.join(project, 'package.json'), '{ "name": "service", "private": true }');
    const words = ['install', '--no-audit', '--no-fund', `git+file://${clone()}`];
    const { status, stderr } = spawnSync('npm', words, { cwd: project, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const installed = path.join(project, 'node_modules/ggma');
    assert.ok(existsSync(path.join(installed, 'prebuilds', prebuildTarget(), 'ggma.node')));
    const run = spawnSync('node_modules/.bin/ggma_run', [], { cwd: project, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    assert.match(run.stdout, /detokenized: +She liked the flower very much\. /);
  });

  it('leaves package-lock.json as it is when its tools are installed', () => {
    if (!long) return;
    const target = path.join(scratch, 'clone');
    const before = readFileSync(path.join(target, 'package-lock.json'), 'utf8');
    execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: target,
      stdio: 'pipe',
    });
    assert.equal(readFileSync(path.join(target, 'package-lock.json'), 'utf8'), before);
  });
});
