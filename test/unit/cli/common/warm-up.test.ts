import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../../support/root.ts';

/** How many models the codec has seen in a process whose standard input is a pipe, or a file. */
function modelsSeen(stdin: 'pipe' | 'ignore'): number {
  const module = (name: string) => JSON.stringify(pathToFileURL(path.join(root, name)).href);
  // Every tensor's name is decoded by the reader: 1 input, 16 weights, 16 outputs.
  const script = `
    import { warmUpFor } from ${module('lib/cli/common/warm-up.ts')};
    let strings = 0;
    const toString = Buffer.prototype.toString;
    Buffer.prototype.toString = function (...words) { strings++; return toString.apply(this, words); };
    warmUpFor(0);
    warmUpFor(99);
    console.log(strings);`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { cwd: root, stdio: [stdin, 'pipe', 'pipe'], encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  return Math.floor(Number(stdout) / 33);
}

describe('cli/common/warm-up', () => {
  it('takes a small model through the codec where input comes from a pipe, and nowhere else', () => {
    assert.equal(modelsSeen('pipe'), 1);
    assert.equal(modelsSeen('ignore'), 0);
  });
});
