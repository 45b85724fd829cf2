/** How engines, programs and jobs end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { createEngine, type Program } from '../../lib/native.ts';
import {
  decodeGreedy,
  engineOpener,
  hasCode,
  loadSlow,
  prompt,
  rowsOf,
  slow,
} from '../support/native-calls.ts';
import { need } from '../support/need.ts';
import { loadTiny } from '../support/program.ts';
import { root } from '../support/root.ts';

const support = fileURLToPath(new URL('../support', import.meta.url));

describe('native: lifetimes', () => {
  const open = engineOpener();

  it('fault 34: lets a sequence be freed while jobs on it run and wait', async () => {
    const program = await loadSlow(open());
    const sequence = program.createSequence();
    const out = new Int32Array(2000).fill(-1);
    const running = decodeGreedy(program, { sequence, token: 1, position: 0, count: 2000, out });
    const waiting = program.step(rowsOf(sequence, [1]));
    // Until the first token is there, and not a turn of the event loop longer: then the job runs.
    while (Atomics.load(out, 0) === -1);
    program.freeSequence(sequence);
    assert.equal(await running, 2000);
    await assert.rejects(waiting, hasCode('SEQUENCE_UNKNOWN'));
    assert.equal(program.memory().kvBytes, 0);
  });

  it('fault 34: ends jobs with DISPOSED when the engine closes', async () => {
    const engine = open();
    const program = await loadSlow(engine);
    const sequence = program.createSequence();
    const out = new Int32Array(8000);
    const running = decodeGreedy(program, { sequence, token: 1, position: 0, count: 8000, out });
    const waiting = program.step(rowsOf(sequence, [1]));
    const ended = Promise.allSettled([running, waiting]);
    await sleep(10);
    await Promise.all([engine.close(), engine.close()]);
    const reasons = (await ended).map((result) => (result.status === 'rejected' ? result.reason : result));
    assert.equal(reasons.length, 2);
    for (const reason of reasons) assert.ok(hasCode('DISPOSED')(reason), String(reason));
    await engine.close();
    await assert.rejects(engine.loadProgram(new Uint8Array(8), []), hasCode('DISPOSED'));
    assert.throws(() => program.createSequence(), hasCode('DISPOSED'));
    assert.throws(() => program.freeSequence(sequence), hasCode('DISPOSED'));
    assert.throws(() => program.memory(), hasCode('DISPOSED'));
    assert.throws(() => program.step(rowsOf(sequence, [1])), hasCode('DISPOSED'));
  });

  it('keeps engines apart', async () => {
    const programs = await Promise.all(Array.from({ length: 6 }, () => loadTiny(open({ threads: 2 }))));
    const ids = await Promise.all(
      programs.map((program) => program.step(rowsOf(program.createSequence(), prompt))),
    );
    for (const id of ids) assert.deepEqual(id, ids[0]);
  });

  it('fault 34: what nobody closes goes when it is collected, threads and all', async function () {
    need(this, 'Linux (/proc)');
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const threads = () => Number(/^Threads:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]);
    // What earlier tests left goes first, or it would be missing afterwards.
    let before = threads();
    for (let same = 0; same < 10; same++) {
      collect();
      await sleep(10);
      if (threads() !== before) [before, same] = [threads(), 0];
    }
    const forget = async () => {
      const programs: Program[] = [];
      for (let i = 0; i < 4; i++) {
        const program = await loadTiny(createEngine({ threads: 3 }));
        await program.step(rowsOf(program.createSequence(), prompt));
        programs.push(program);
      }
      assert.ok(threads() >= before + 12, 'three threads for each engine: a driver and two that help');
      assert.equal(programs.length, 4);
    };
    await forget();
    for (let i = 0; i < 100 && threads() > before; i++) {
      collect();
      await sleep(10);
    }
    assert.ok(threads() <= before, `${threads()} threads, ${before} before`);
  });

  it('fault 34: an engine that is closed and forgotten closes all the same', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // In an object, so that awaiting this does not await the closing, and nothing here holds the engine.
    const closeAndForget = async () => {
      const engine = createEngine({ threads: 1 });
      await loadTiny(engine);
      return { closing: engine.close() };
    };
    for (let i = 0; i < 60; i++) {
      const { closing } = await closeAndForget();
      collect();
      await closing;
    }
  });

  it('calls that are refused leave nothing behind', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const engine = open();
    const program = await loadTiny(engine);
    const good = { sequence: 0, position: 0, feed: Int32Array.of(1), count: 1, out: new Int32Array(1) };
    const bad: (() => unknown)[] = [
      () => engine.loadProgram(new Uint8Array(8), [7 as never]),
      () => program.step(new Int32Array(3)),
      () => program.decode([good, { ...good, stopIds: 7 as never }], 1),
      () => program.forkSequence(-1, 0),
    ];
    // A promise that is never settled stays alive through a global handle of V8.
    const handles = () => {
      collect();
      return getHeapStatistics().used_global_handles_size;
    };
    for (const call of bad) assert.throws(call, hasCode('OPTION'));
    const before = handles();
    for (let i = 0; i < 500; i++) for (const call of bad) assert.throws(call, hasCode('OPTION'));
    assert.ok(handles() - before < 500, `${handles() - before} bytes of handles more than before`);
  });

  it('a load ends with CANCELLED or DISPOSED when it is told to', async () => {
    // How soon is counted in pieces of work, in test/native/loading.cc.
    const engine = open({ threads: 1 });
    const set = Int32Array.of(1);
    await assert.rejects(
      engine.loadProgram(slow.program, slow.sources, { cancel: set }),
      hasCode('CANCELLED'),
    );
    const later = new Int32Array(1);
    const first = engine.loadProgram(slow.program, slow.sources, { cancel: later });
    const second = engine.loadProgram(slow.program, slow.sources, { cancel: later });
    later[0] = 1;
    const ended = await Promise.allSettled([first, second]);
    assert.ok(ended[1]!.status === 'rejected' && hasCode('CANCELLED')(ended[1]!.reason));
    await loadSlow(engine); // goes on working
    const closed = Promise.allSettled([1, 2].map(() => engine.loadProgram(slow.program, slow.sources)));
    await engine.close();
    const last = (await closed)[1]!;
    assert.ok(last.status === 'rejected' && hasCode('DISPOSED')(last.reason));
    for (const cancel of [7, new Int32Array(0), new Float32Array(1)])
      assert.throws(
        () => open().loadProgram(slow.program, slow.sources, { cancel: cancel as Int32Array }),
        hasCode('OPTION'),
      );
  });

  it('close gives the memory of weights, caches and intermediate values back to the system', async function () {
    need(this, 'Linux (/proc)');
    this.timeout(120_000);
    const child = spawnSync(
      process.execPath,
      ['--expose-gc', '--import', 'tsx', path.join(support, 'native-closes.mjs')],
      { cwd: root, encoding: 'utf8', timeout: 110_000 },
    );
    assert.equal(child.status, 0, child.stderr);
    const { before, after } = JSON.parse(child.stdout) as { before: number; after: number };
    // A model takes 47 MB while it is open. What the heap keeps of one is less than half of it.
    assert.ok(after - before < 32, `${before} MB before, ${after} MB after`);
  });

  it('uses no processor time when idle', async () => {
    const program = await loadTiny(open({ threads: 4 }));
    await program.step(rowsOf(program.createSequence(), prompt));
    await sleep(50);
    const before = process.cpuUsage();
    await sleep(400);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 40_000, `${user + system} µs of 400,000`);
  });

  it('fault 37: survives workers that are terminated in the middle of a job', async function () {
    this.timeout(180_000);
    const workers = Array.from(
      { length: 4 },
      () => new Worker(path.join(support, 'native-worker.mjs'), { workerData: 'run' }),
    );
    // Rejects when a worker fails first.
    const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.deepEqual(messages.flat(), ['running', 'running', 'running', 'running']);
    assert.deepEqual(await Promise.all(workers.map((worker) => worker.terminate())), [1, 1, 1, 1]);
    // The addon still works here.
    const program = await loadTiny(open());
    await program.step(rowsOf(program.createSequence(), prompt));
  });

  it('fault 37: keeps the exit code of process.exit in the middle of a job', () => {
    const child = spawnSync(process.execPath, [path.join(support, 'native-worker.mjs'), 'exit'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.deepEqual([child.status, child.signal, child.stderr], [7, null, '']);
  });
});
