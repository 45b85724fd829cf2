import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeAtomically } from '../../../../lib/cli/common/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';

const pieces = () => [Buffer.from('one '), Buffer.from('two')];

describe('cli/common/atomic', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'ggma-atomic-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });

  it('fault 18: a file is there whole, or the old one', () => {
    const file = join(dir, 'file');
    writeAtomically(file, pieces());
    assert.equal(readFileSync(file, 'utf8'), 'one two');
    const failing = function* () {
      yield Buffer.from('half');
      throw new GgmaError('CIRCLE_INVALID', 'no more');
    };
    assert.throws(() => writeAtomically(file, failing()), { code: 'CIRCLE_INVALID' });
    assert.equal(readFileSync(file, 'utf8'), 'one two');
    mkdirSync(join(dir, 'folder'));
    writeFileSync(join(dir, 'folder/x'), '');
    for (const bad of ['folder', 'file/below', 'no/such/folder'])
      assert.throws(() => writeAtomically(join(dir, bad), pieces()), { code: 'OUTPUT' });
    assert.deepEqual(readdirSync(dir).sort(), ['file', 'folder']);
  });

  // Not with a device of the machine: where this fails, root would replace it.
  it('fault 18: a named pipe, like any device, is written to and stays what it is', async () => {
    const pipe = join(dir, 'pipe');
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let text = '';
      reader.stdout.on('data', (data) => (text += String(data)));
      writeAtomically(pipe, pieces());
      assert.ok(lstatSync(pipe).isFIFO());
      await once(reader, 'close');
      assert.equal(text, 'one two');
      assert.deepEqual(readdirSync(dir), ['pipe']);
    } finally {
      reader.kill();
    }
  });
});
