import assert from 'node:assert/strict';
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GgmaError } from '../../lib/errors.ts';
import { availableIsas, createEngine, isa, runtimeVersion } from '../../lib/native.ts';
import { version } from '../../lib/version.ts';
import { decodeGreedy, engineOpener, hasCode, loadSlow, prompt, rowsOf } from '../support/native-calls.ts';
import { loadTiny, rotary, tinyLlama, tinyShape } from '../support/program.ts';

const { vocab, headDim } = tinyShape;

describe('native', () => {
  const open = engineOpener();

  it('says what it is', () => {
    assert.equal(runtimeVersion(), version);
    assert.ok(availableIsas().includes(isa()));
    assert.equal(availableIsas().at(-1), 'scalar');
    assert.equal(open({ threads: 3 }).threads, 3);
    assert.equal(open({ isa: 'scalar' }).isa, 'scalar');
    assert.ok(open().threads <= os.cpus().length);
  });

  it('fault 29: runs steps: one row at a time, in pieces or at once gives the same bits', async () => {
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

  it('fault 29: gives the same bits with every instruction set and number of threads', async () => {
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

  it('fault 38: keeps to the memory budget', async () => {
    const program = await loadTiny(open({ budgetBytes: 20_000 }));
    const sequence = program.createSequence();
    await assert.rejects(program.step(rowsOf(sequence, prompt)), (error) => {
      assert.ok(hasCode('OUT_OF_MEMORY')(error));
      assert.match((error as Error).message, /need \d+ bytes, have \d+/);
      return true;
    });
    assert.equal(program.memory().kvBytes, 0);
    await program.step(rowsOf(sequence, prompt.slice(0, 5)));
  });

  it('measures its steps where it is asked to, with the same bits', async () => {
    const { program, sources } = tinyLlama();
    const engine = open({ threads: 2 });
    const run = async (options?: { profile: boolean }) => {
      const loaded = await engine.loadProgram(program, sources, options);
      const { cos, sin } = rotary(headDim, 0, 300);
      loaded.setTable(0, 0, cos);
      loaded.setTable(1, 0, sin);
      const logits = new Float32Array(vocab);
      await loaded.step(rowsOf(loaded.createSequence(), prompt), { logits });
      return { loaded, bits: Buffer.from(logits.buffer) };
    };
    const plain = await run();
    const measured = await run({ profile: true });
    assert.deepEqual(measured.bits, plain.bits);
    assert.throws(() => plain.loaded.profile(), hasCode('OPTION'));
    const { names, passes, totals, events, dropped } = await measured.loaded.profile();
    // Two chunks of a prompt of 150.
    assert.deepEqual([passes[0], passes[1], passes[3]], [2, prompt.length, 0]);
    assert.deepEqual(names.slice(-3), ['MATMUL f32', 'ARGMAX', 'SAMPLE']);
    assert.equal(totals.length, 2 * names.length * 6);
    let calls = 0;
    for (let i = 0; i < names.length; i++) calls += totals[6 * i]!;
    assert.equal(events.length, 8 * calls);
    assert.equal(dropped, 0);
    await engine.close();
    assert.throws(() => measured.loaded.profile(), hasCode('DISPOSED'));
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
      () => createEngine({ budgetBytes: -1 }),
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

  it('fault 12: refuses a damaged program', async () => {
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

  it('fault 33: cancels a job between two operations', async () => {
    const program = await loadSlow(open());
    const sequence = program.createSequence();
    const cancel = new Int32Array(1);
    const out = new Int32Array(8000);
    const job = decodeGreedy(program, { sequence, token: 1, position: 0, count: 8000, out, cancel });
    while (program.sequenceLength(sequence) === 0) await sleep(0);
    cancel[0] = 1;
    await assert.rejects(job, hasCode('CANCELLED'));
    // Not at the end of the job, nor of a step: what it had is there, and the rest was not computed.
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
});
