import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { GgmaError } from '../../lib/errors.ts';
import {
  availableIsas,
  createEngine,
  type Engine,
  type EngineOptions,
  isa,
  loadAddon,
  type Program,
  runtimeVersion,
} from '../../lib/native.ts';
import { version } from '../../lib/version.ts';
import { loadTiny, rotary, tinyLlama, tinyShape } from '../support/program.ts';

const support = fileURLToPath(new URL('../support', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const { vocab, headDim } = tinyShape;

const hasCode = (code: string) => (error: unknown) => error instanceof GgmaError && error.code === code;

/** [token, sequence, position, wantLogits] for each token from `first` on; the last's logits are wanted, or all. */
function rowsOf(sequence: number, tokens: readonly number[], { first = 0, all = false } = {}): Int32Array {
  return Int32Array.from(
    tokens.flatMap((token, i) => [token, sequence, first + i, all || i === tokens.length - 1 ? 1 : 0]),
  );
}

const slow = tinyLlama({ ...tinyShape, hidden: 256, ff: 1024, layers: 4 });

/** A model that takes about a second for 8,000 tokens. */
async function loadSlow(engine: Engine): Promise<Program> {
  const loaded = await engine.loadProgram(slow.program, slow.sources);
  const { cos, sin } = rotary(headDim, 0, 8192);
  loaded.setTable(0, 0, cos);
  loaded.setTable(1, 0, sin);
  return loaded;
}

interface Greedy {
  sequence: number;
  token: number;
  position: number;
  count: number;
  out: Int32Array;
  stopIds?: Int32Array;
  cancel?: Int32Array;
}

/** One sequence, the most likely token each time; how many. Rejects with the request's error. */
async function decodeGreedy(program: Program, { token, ...request }: Greedy): Promise<number> {
  const [outcome] = await program.decode([{ ...request, feed: Int32Array.of(token) }], Infinity);
  if (outcome!.error !== null) throw outcome!.error;
  return outcome!.produced;
}

const prompt = Array.from({ length: 150 }, (_, i) => (i * 37 + 11) % vocab);

describe('native', () => {
  const engines: Engine[] = [];
  const open = (options: EngineOptions = {}) => {
    const engine = createEngine(options);
    engines.push(engine);
    return engine;
  };
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });

  it('says what it is', () => {
    assert.equal(runtimeVersion(), version);
    assert.ok(availableIsas().includes(isa()));
    assert.equal(availableIsas().at(-1), 'scalar');
    assert.equal(open({ threads: 3 }).threads, 3);
    assert.equal(open({ isa: 'scalar' }).isa, 'scalar');
    assert.ok(open().threads <= os.cpus().length);
  });

  it('runs steps: one row at a time, in pieces or at once gives the same bits', async () => {
    const program = await loadTiny(open({ threads: 2 }));
    const sequence = program.createSequence();
    const whole = new Float32Array(prompt.length * vocab);
    const best = await program.step(rowsOf(sequence, prompt, { all: true }), { logits: whole });
    assert.equal(best.length, prompt.length);
    assert.equal(program.sequenceLength(sequence), prompt.length);
    for (const [i, id] of best.entries()) {
      const row = whole.subarray(i * vocab, (i + 1) * vocab);
      assert.equal(id, row.indexOf(Math.max(...row)));
    }
    for (const size of [1, 7, 64]) {
      const other = program.createSequence();
      const got = new Float32Array(whole.length);
      for (let at = 0; at < prompt.length; at += size) {
        const piece = prompt.slice(at, at + size);
        const logits = got.subarray(at * vocab, (at + piece.length) * vocab);
        await program.step(rowsOf(other, piece, { first: at, all: true }), { logits });
      }
      assert.deepEqual(Buffer.from(got.buffer), Buffer.from(whole.buffer));
      program.freeSequence(other);
    }
  });

  it('gives the same bits with every instruction set and number of threads', async () => {
    const results: Buffer[] = [];
    for (const options of [
      ...availableIsas().map((name) => ({ isa: name })),
      { threads: 1 },
      { threads: 4 },
    ]) {
      const program = await loadTiny(open(options));
      const logits = new Float32Array(vocab);
      await program.step(rowsOf(program.createSequence(), prompt), { logits });
      results.push(Buffer.from(logits.buffer));
    }
    assert.ok(results.length >= 3);
    for (const result of results) assert.deepEqual(result, results[0]);
  });

  it('decodes greedily as single steps do, and stops', async () => {
    const program = await loadTiny(open());
    const [a, b] = [program.createSequence(), program.createSequence()];
    const [first] = await program.step(rowsOf(a, prompt.slice(0, 9)));
    await program.step(rowsOf(b, prompt.slice(0, 9)));
    const expected: number[] = [];
    for (let token = first!, i = 0; i < 100; i++) {
      const [next] = await program.step(rowsOf(a, [token], { first: 9 + i }));
      expected.push(next!);
      token = next!;
    }
    const out = new Int32Array(100);
    const request = { sequence: b, token: first!, position: 9, count: 100, out };
    assert.equal(await decodeGreedy(program, request), 100);
    assert.deepEqual([...out], expected);
    const stop = expected[30]!;
    const at = expected.indexOf(stop);
    const stopIds = Int32Array.of(-1, stop);
    assert.equal(await decodeGreedy(program, { ...request, stopIds, out: out.fill(0) }), at + 1);
    assert.deepEqual([...out.subarray(0, at + 2)], [...expected.slice(0, at + 1), 0]);
    assert.equal(program.sequenceLength(b), 9 + at + 1);
  });

  it('runs many sequences in one step', async () => {
    const program = await loadTiny(open());
    const prompts = Array.from({ length: 12 }, (_, i) => prompt.slice(i, 2 * i + 5));
    const alone: number[] = [];
    for (const tokens of prompts) {
      const sequence = program.createSequence();
      alone.push((await program.step(rowsOf(sequence, tokens)))[0]!);
      program.freeSequence(sequence);
    }
    const rows = prompts.flatMap((tokens) => [...rowsOf(program.createSequence(), tokens)]);
    assert.deepEqual([...(await program.step(Int32Array.from(rows)))], alone);
  });

  it('shares a beginning between sequences, in the order of the calls', async () => {
    const program = await loadTiny(open());
    const first = program.createSequence();
    const waiting = program.step(rowsOf(first, prompt));
    const forked = program.forkSequence(first, 100); // after the step that is under way
    await waiting;
    const second = await forked;
    assert.equal(program.sequenceLength(second), 100);
    const bytes = program.memory().kvBytes;
    const rest = rowsOf(second, prompt.slice(100), { first: 100 });
    assert.deepEqual(await program.step(rest), await program.step(rowsOf(program.createSequence(), prompt)));
    assert.ok(program.memory().kvBytes > bytes);
    await assert.rejects(program.forkSequence(second, 1000), hasCode('STEP_INVALID'));
    program.freeSequence(second);
    await assert.rejects(program.forkSequence(second, 0), hasCode('SEQUENCE_UNKNOWN'));
  });

  it('counts memory, and gives a freed sequence’s back at once', async () => {
    const program = await loadTiny(open());
    const before = program.memory();
    assert.ok(before.weightBytes > 0);
    assert.equal(before.kvBytes, 0);
    const sequence = program.createSequence();
    await program.step(rowsOf(sequence, prompt));
    const { kvBytes, arenaBytes } = program.memory();
    assert.ok(kvBytes > 0 && arenaBytes > 0);
    program.freeSequence(sequence);
    assert.equal(program.memory().kvBytes, 0);
    assert.throws(() => program.freeSequence(sequence), hasCode('SEQUENCE_UNKNOWN'));
    assert.throws(() => program.sequenceLength(sequence), hasCode('SEQUENCE_UNKNOWN'));
  });

  it('keeps keys and values in half the memory, and then gives nearly the same logits', async () => {
    const run = async (kvDtype: 'f32' | 'f16') => {
      const program = await loadTiny(open({ kvDtype }));
      const logits = new Float32Array(prompt.length * vocab);
      await program.step(rowsOf(program.createSequence(), prompt, { all: true }), { logits });
      return { logits, bytes: program.memory().kvBytes };
    };
    const [full, half] = [await run('f32'), await run('f16')];
    assert.equal(half.bytes * 2, full.bytes);
    const top = Math.max(...full.logits.map(Math.abs));
    const worst = Math.max(...full.logits.map((x, i) => Math.abs(x - half.logits[i]!)));
    assert.ok(worst > 0 && worst < 0.01 * top, `${worst} of ${top}`);
  });

  it('keeps to the memory budget', async () => {
    const program = await loadTiny(open({ kvBudgetBytes: 20_000 }));
    const sequence = program.createSequence();
    await assert.rejects(program.step(rowsOf(sequence, prompt)), (error) => {
      assert.ok(hasCode('OUT_OF_MEMORY')(error));
      assert.match((error as Error).message, /need \d+ bytes, have \d+/);
      return true;
    });
    assert.equal(program.memory().kvBytes, 0);
    await program.step(rowsOf(sequence, prompt.slice(0, 5)));
  });

  it('names what is wrong with a call', async () => {
    const engine = open();
    const program = await loadTiny(engine, 20);
    const sequence = program.createSequence();
    const step = (...rows: number[]) => program.step(Int32Array.from(rows));
    await assert.rejects(step(vocab, sequence, 0, 1), (error: GgmaError) => {
      assert.deepEqual([error.code, error.path], ['STEP_INVALID', 'rows[0]']);
      return true;
    });
    await assert.rejects(step(1, 99, 0, 1), hasCode('SEQUENCE_UNKNOWN'));
    await assert.rejects(step(1, sequence, 1, 1), hasCode('STEP_INVALID'));
    await assert.rejects(program.step(rowsOf(sequence, prompt)), hasCode('TABLE_MISSING'));
    assert.equal(program.tableLength(0), 20);
    assert.throws(() => program.setTable(0, 21, new Float32Array(headDim)), hasCode('TABLE_INVALID'));
    assert.throws(() => program.setTable(7, 0, new Float32Array(headDim)), hasCode('TABLE_INVALID'));
    assert.throws(() => program.step(Int32Array.of(1, 2, 3)), hasCode('OPTION'));
    const wrong = program as unknown as {
      step: (...args: unknown[]) => unknown;
    };
    for (const call of [
      () => wrong.step([1, 2, 3, 4]),
      () => wrong.step(),
      () => wrong.step(new Float32Array(4)),
      () => wrong.step(new Int32Array(4), { logits: new Int32Array(vocab) }),
      () => wrong.step(new Int32Array(4), { cancel: new Int32Array(0) }),
      () => wrong.step(new Int32Array(4), 5),
      () => (engine as unknown as { loadProgram: (...args: unknown[]) => unknown }).loadProgram('x', []),
      () =>
        (engine as unknown as { loadProgram: (...args: unknown[]) => unknown }).loadProgram(
          new Uint8Array(4),
          [1],
        ),
      () => createEngine({ threads: 0 }),
      () => createEngine({ threads: Number.NaN }),
      () => createEngine({ kvBudgetBytes: -1 }),
      () => createEngine({ kvDtype: 'f8' as 'f16' }),
      () => createEngine({ screen: 'yes' as unknown as boolean }),
    ])
      assert.throws(call, hasCode('OPTION'), String(call));
    // A method torn off its object is a TypeError, not a crash.
    assert.throws(() => Reflect.apply(wrong.step, {}, [new Int32Array(4)]), TypeError);
    const few = new Float32Array(vocab - 1);
    await assert.rejects(program.step(rowsOf(sequence, [1]), { logits: few }), hasCode('STEP_INVALID'));
    assert.throws(() => createEngine({ isa: 'mmx' }), hasCode('NATIVE_ISA'));
    assert.equal((await program.step(new Int32Array(0))).length, 0);
  });

  it('refuses a damaged program', async () => {
    const { program, sources } = tinyLlama();
    const engine = open();
    await assert.rejects(engine.loadProgram(program.subarray(0, 200), sources), hasCode('PROGRAM_INVALID'));
    await assert.rejects(engine.loadProgram(program, []), hasCode('PROGRAM_INVALID'));
    await assert.rejects(
      engine.loadProgram(program, [sources[0]!.subarray(0, 1000)]),
      (error: GgmaError) => error.code === 'PROGRAM_INVALID' && /^weights\[\d+\]$/.test(error.path ?? ''),
    );
    await engine.loadProgram(program, sources);
  });

  it('cancels a job between two operations', async () => {
    const program = await loadSlow(open());
    const sequence = program.createSequence();
    const cancel = new Int32Array(1);
    const out = new Int32Array(8000);
    const job = decodeGreedy(program, { sequence, token: 1, position: 0, count: 8000, out, cancel });
    await sleep(20);
    cancel[0] = 1;
    const started = performance.now();
    await assert.rejects(job, hasCode('CANCELLED'));
    assert.ok(performance.now() - started < 50);
    const length = program.sequenceLength(sequence);
    assert.ok(length > 0 && length < 8000);
    // What it produced stands, and the sequence goes on from there.
    await program.step(rowsOf(sequence, [out[length - 1]!], { first: length }));
  });

  it('runs off the event loop, in the order of the calls', async () => {
    const program = await loadSlow(open());
    const sequence = program.createSequence();
    const tokens = Array.from({ length: 2000 }, (_, i) => i % vocab);
    const order: number[] = [];
    const jobs = [0, 1, 2].map(async (i) => {
      await program.step(rowsOf(sequence, tokens, { first: tokens.length * i }));
      order.push(i);
    });
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Promise.all(jobs);
    clearInterval(timer);
    assert.deepEqual(order, [0, 1, 2]);
    assert.ok(turns > 3, `the event loop turned ${turns} times`);
  });

  it('lets a sequence be freed while jobs on it run and wait', async () => {
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

  it('ends jobs with DISPOSED when the engine closes', async () => {
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

  it('uses no processor time when idle', async () => {
    const program = await loadTiny(open({ threads: 4 }));
    await program.step(rowsOf(program.createSequence(), prompt));
    await sleep(50);
    const before = process.cpuUsage();
    await sleep(400);
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 40_000, `${user + system} µs of 400,000`);
  });

  it('survives workers that are terminated in the middle of a job', async function () {
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

  it('keeps the exit code of process.exit in the middle of a job', () => {
    const child = spawnSync(process.execPath, [path.join(support, 'native-worker.mjs'), 'exit'], {
      cwd: root,
      encoding: 'utf8',
      timeout: 120_000,
    });
    assert.deepEqual([child.status, child.signal, child.stderr], [7, null, '']);
  });

  it('takes the instruction set of GGMA_ISA, and names the choices when it cannot', () => {
    const script = `import('./lib/native.ts').then(({ isa }) => console.log(isa()), console.error)
      .catch((error) => console.log(error.code, error.message));`;
    const run = (name: string) =>
      spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
        cwd: root,
        encoding: 'utf8',
        env: { ...process.env, GGMA_ISA: name },
      }).stdout.trim();
    assert.equal(run('scalar'), 'scalar');
    assert.match(run('mmx'), /^NATIVE_ISA expected one of .*scalar for the instruction set, got 'mmx'$/);
  });

  it('says what to do when there is no addon that loads', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'ggma-'));
    try {
      const target = `${os.platform()}-${os.arch()}`;
      assert.throws(
        () => loadAddon(directory),
        (error: GgmaError) => {
          assert.equal(error.code, 'NATIVE_LOAD');
          assert.match(
            error.message,
            new RegExp(
              `on ${target} \\(Node [\\d.]+\\), got none: tried .*build/Release/ggma.node \\(missing\\)`,
            ),
          );
          assert.match(error.message, /packed without an addon for .*`npm pack` in ggma's sources/);
          return true;
        },
      );
      writeFileSync(path.join(directory, 'CMakeLists.txt'), '');
      assert.throws(() => loadAddon(directory), /Build it: `make` in that folder/);
      mkdirSync(path.join(directory, 'prebuilds', target), { recursive: true });
      writeFileSync(path.join(directory, 'prebuilds', target, 'ggma.node'), 'not a library');
      assert.throws(
        () => loadAddon(directory),
        (error: GgmaError) => error.code === 'NATIVE_LOAD' && error.cause instanceof Error,
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
