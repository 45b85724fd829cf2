/** The library in workers, children, and processes that end in the middle of a generation. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { load } from '../../lib/package/index.ts';
import { writeLongPackage } from '../support/long-package.ts';
import { root } from '../support/root.ts';

const script = join(root, 'test/support/demo-process.mjs');

describe('processes and workers', function () {
  this.timeout(180_000);
  let dir: string;
  let expected: number[];
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'ggma-processes-'));
    writeLongPackage(dir);
    await using model = await load(dir);
    expected = (await model.complete('Lily', { maxTokens: 20, ignoreEos: true })).ids;
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  const workers: Worker[] = [];
  const worker = (mode: string) => {
    const made = new Worker(script, { workerData: { dir, mode } });
    workers.push(made);
    return made;
  };
  // One that a failing test leaves behind would run for ever.
  afterEach(async () => {
    await Promise.all(workers.splice(0).map((one) => one.terminate()));
  });
  const run = (mode: string) =>
    spawnSync(process.execPath, [script, dir, mode], { encoding: 'utf8', timeout: 120_000 });

  it('fault 37: eight workers load, run, and are terminated mid-job; the package loads again in them and here', async () => {
    for (let round = 0; round < 2; round++) {
      const eight = Array.from({ length: 8 }, () => worker('run'));
      // Rejects when a worker fails first.
      const messages = await Promise.all(eight.map((one) => once(one, 'message')));
      assert.deepEqual(messages.flat(), Array(8).fill('running'));
      assert.deepEqual(await Promise.all(eight.map((one) => one.terminate())), Array(8).fill(1));
    }
    const [ids] = (await once(worker('once'), 'message')) as [number[]];
    assert.deepEqual(ids, expected);
    await using model = await load(dir);
    assert.deepEqual((await model.complete('Lily', { maxTokens: 20, ignoreEos: true })).ids, expected);
  });

  it('fault 37: a worker that closes its model ends by itself, with 0', async () => {
    for (let i = 0; i < 3; i++) {
      const one = worker('once');
      const [[ids], [code]] = await Promise.all([once(one, 'message'), once(one, 'exit')]);
      assert.deepEqual([ids, code], [expected, 0]);
    }
  });

  it('fault 37: a worker’s exception ends that worker alone', async () => {
    const failing = worker('throw');
    const other = worker('run');
    let error: Error | null = null;
    failing.once('error', (thrown: Error) => {
      error = thrown;
    });
    const [code] = await Promise.all([
      new Promise((resolve) => failing.once('exit', resolve)),
      once(other, 'message'),
    ]);
    assert.match(String(error), /nobody catches this/);
    assert.equal(code, 1);
    assert.equal(await other.terminate(), 1);
  });

  it('fault 37: process.exit mid-job exits with its code', () => {
    const { status, signal, stdout, stderr } = run('exit');
    assert.deepEqual([status, signal, stdout, stderr], [7, null, 'running\n', '']);
  });

  for (const mode of ['throw', 'reject'])
    it(`fault 37: an uncaught ${mode === 'throw' ? 'exception' : 'rejection'} mid-job exits with 1 and is shown`, () => {
      const { status, signal, stdout, stderr } = run(mode);
      assert.deepEqual([status, signal, stdout], [1, null, 'running\n'], stderr);
      assert.match(stderr, /Error: nobody catches this/);
    });

  it('fault 37: a forked process beside one that runs gives the same ids', () => {
    const { status, signal, stdout, stderr } = run('fork');
    assert.deepEqual([status, signal, stderr], [0, null, '']);
    const ids = JSON.stringify(expected);
    assert.equal(stdout, `running\n${ids}\n${ids}\n`);
  });

  it('fault 37: two workers of node:cluster give the same ids, and all processes end with 0', () => {
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'test/support/cluster.mjs'), dir],
      { encoding: 'utf8', timeout: 120_000 },
    );
    assert.deepEqual([status, signal, stderr], [0, null, '']);
    const one = JSON.stringify({ ids: expected, code: 0, signal: null });
    assert.equal(stdout, `${one}\n${one}\n`);
  });
});
