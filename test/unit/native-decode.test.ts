/** Program.decode: many sequences in lock-step, samplers, log-probabilities. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  availableIsas,
  createSampler,
  type DecodeOutcome,
  type DecodeRequest,
  type LogprobArrays,
  type Program,
  type SamplerOptions,
} from '../../lib/native.ts';
import { engineOpener, hasCode } from '../support/native-calls.ts';
import { loadTiny, rotary, tinyLlama, tinyShape } from '../support/program.ts';

const { vocab } = tinyShape;

const promptOf = (i: number, length: number) =>
  Array.from({ length }, (_, k) => (k * 37 + i * 11 + 3) % vocab);

function arrays(tokens: number, top: number): LogprobArrays {
  return {
    ...{ logprobs: new Float64Array(tokens), top },
    ...{ topIds: new Int32Array(tokens * top), topLogprobs: new Float64Array(tokens * top) },
  };
}

/** Runs a request to its end, however its jobs are cut; what it gives back, as bits. */
interface Task {
  prompt: number[];
  count: number;
  options: SamplerOptions | null;
  out: Int32Array;
  logprobs: LogprobArrays;
  scores: LogprobArrays;
  sequence: number;
  sampler: DecodeRequest['sampler'];
  fed: number;
  produced: number;
}

function task(program: Program, prompt: number[], count: number, options: SamplerOptions | null): Task {
  return {
    ...{ prompt, count, options, fed: 0, produced: 0, out: new Int32Array(count) },
    logprobs: arrays(count, 3),
    scores: arrays(prompt.length, 2),
    sequence: program.createSequence(),
    sampler:
      options === null
        ? undefined
        : program.createSampler({ ...options, promptIds: Int32Array.from(prompt) }),
  };
}

const tail = ({ logprobs, top, topIds, topLogprobs }: LogprobArrays, from: number): LogprobArrays => ({
  ...{ logprobs: logprobs.subarray(from), top },
  ...{ topIds: topIds.subarray(from * top), topLogprobs: topLogprobs.subarray(from * top) },
});

/** What the task asks for next: at most `most` tokens. */
function requestOf(t: Task, most: number): DecodeRequest {
  const prompts = t.produced === 0;
  return {
    sequence: t.sequence,
    position: prompts ? t.fed : t.prompt.length + t.produced - 1,
    feed: prompts ? Int32Array.from(t.prompt.slice(t.fed)) : t.out.slice(t.produced - 1, t.produced),
    count: Math.min(most, t.count - t.produced),
    out: t.out.subarray(t.produced),
    logprobs: tail(t.logprobs, t.produced),
    ...(prompts ? { scores: tail(t.scores, t.fed) } : {}),
    ...(t.sampler === undefined ? {} : { sampler: t.sampler }),
  };
}

function take(t: Task, { fed, produced, error }: DecodeOutcome): void {
  assert.equal(error, null);
  if (t.produced === 0) t.fed += fed;
  t.produced += produced;
}

const bitsOf = (t: Task) =>
  Buffer.concat(
    [
      t.out,
      t.logprobs.logprobs,
      t.logprobs.topIds,
      t.logprobs.topLogprobs,
      t.scores.logprobs,
      t.scores.topIds,
    ]
      .concat(t.scores.topLogprobs)
      .map((a) => Buffer.from(a.buffer, a.byteOffset, a.byteLength)),
  ).toString('hex');

const kinds: (SamplerOptions | null)[] = [
  null,
  { temperature: 0.8, seed: 1 },
  { temperature: 1.2, topK: 20, seed: 2, repeatPenalty: 1.2 },
  { temperature: 0.9, topP: 0.9, minP: 0.01, seed: 3, presencePenalty: 0.5, frequencyPenalty: 0.3 },
  { temperature: 0, repeatPenalty: 1.3, biasIds: Int32Array.of(5), biasValues: Float32Array.of(2) },
];

describe('native: decode', () => {
  const open = engineOpener();

  it('fault 29: gives the same bits alone or beside 15 others, on every instruction set, thread count and cut', async () => {
    const lengths = Array.from({ length: 16 }, (_, i) => [1, 3, 17, 40, 90, 150][i % 6]!);
    const tasksOf = (program: Program) =>
      lengths.map((length, i) => task(program, promptOf(i, length), 30 + i, kinds[i % kinds.length]!));
    const alone: string[] = [];
    const first = await loadTiny(open({ isa: 'scalar', threads: 1 }));
    for (const t of tasksOf(first)) {
      // Whole: one job, unless the time is over.
      while (t.produced < t.count) take(t, (await first.decode([requestOf(t, t.count)], Infinity))[0]!);
      alone.push(bitsOf(t));
    }
    assert.equal(new Set(alone).size, 16);
    const machines = [...availableIsas().map((isa) => ({ isa, threads: 2 })), { threads: 4 }, { threads: 1 }];
    for (const [round, options] of machines.entries()) {
      const program = await loadTiny(open(options));
      const tasks = tasksOf(program);
      let jobs = 0;
      for (;;) {
        // Some sit out, in an order that changes; few or many tokens a job, one step or many.
        const left = tasks.filter((t, i) => t.produced < t.count && (jobs + i) % 5 !== round % 5);
        if (tasks.every((t) => t.produced === t.count)) break;
        if (jobs % 2 === 1) left.reverse();
        if (left.length > 0) {
          const requests = left.map((t) => requestOf(t, 1 + (jobs % 7)));
          const outcomes = await program.decode(requests, jobs % 3 === 0 ? 0 : Infinity);
          outcomes.forEach((outcome, i) => {
            take(left[i]!, outcome);
          });
        }
        jobs++;
      }
      assert.ok(jobs > 10);
      assert.deepEqual(tasks.map(bitsOf), alone, JSON.stringify(options));
    }
    console.log(`      ran on ${availableIsas().join(', ')}`);
  });

  it('fault 29: draws by the seed: the same again, others otherwise', async () => {
    const program = await loadTiny(open());
    const draw = async (options: SamplerOptions) => {
      const t = task(program, promptOf(1, 20), 40, options);
      while (t.produced < t.count) take(t, (await program.decode([requestOf(t, 40)], Infinity))[0]!);
      return t.out.join();
    };
    const drawn = await Promise.all([1, 2, 3, 2 ** 53 - 1].map((seed) => draw({ temperature: 1, seed })));
    assert.equal(new Set(drawn).size, 4);
    assert.equal(await draw({ temperature: 1, seed: 2 }), drawn[1]);
  });

  it('log-probabilities are those of the logits, whatever the sampler does', async () => {
    const program = await loadTiny(open());
    const t = task(program, promptOf(2, 30), 25, { temperature: 2, topK: 3, seed: 9, presencePenalty: 1 });
    while (t.produced < t.count) take(t, (await program.decode([requestOf(t, 40)], Infinity))[0]!);
    const ids = [...t.prompt, ...t.out];
    const sequence = program.createSequence();
    const logits = new Float32Array(ids.length * vocab);
    await program.step(Int32Array.from(ids.flatMap((id, i) => [id, sequence, i, 1])), { logits });
    let compared = 0;
    for (let i = 1; i < ids.length; i++) {
      const row = Array.from(logits.subarray((i - 1) * vocab, i * vocab));
      const top = Math.max(...row);
      const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
      const expected = row.map((x) => x - top - logSum);
      const [from, at] = i < t.prompt.length ? [t.scores, i] : [t.logprobs, i - t.prompt.length];
      assert.ok(Math.abs(from.logprobs[at]! - expected[ids[i]!]!) < 1e-6);
      const best = expected
        .map((value, id) => ({ value, id }))
        .sort((a, b) => b.value - a.value || a.id - b.id);
      for (let k = 0; k < from.top; k++) {
        assert.equal(from.topIds[at * from.top + k], best[k]!.id);
        assert.ok(Math.abs(from.topLogprobs[at * from.top + k]! - best[k]!.value) < 1e-6);
        compared++;
      }
    }
    assert.equal(compared, 29 * 2 + 25 * 3);
  });

  it('fault 40: a request that fails leaves the others alone', async () => {
    const program = await loadTiny(open({ threads: 2 }), 100);
    const alone = task(program, promptOf(0, 10), 20, null);
    take(alone, (await program.decode([requestOf(alone, 20)], Infinity))[0]!);
    const cancelled = new Int32Array(1).fill(1);
    const all = program.createSampler({
      biasIds: Int32Array.from({ length: vocab }, (_, i) => i),
      biasValues: new Float32Array(vocab).fill(-Infinity),
    });
    const short = { position: 0, feed: Int32Array.of(1), count: 5, out: new Int32Array(5) };
    const good = task(program, promptOf(0, 10), 20, null);
    const wrong: [Partial<DecodeRequest>, string][] = [
      [{ sequence: 9999 }, 'SEQUENCE_UNKNOWN'],
      [{ sequence: good.sequence }, 'STEP_INVALID'],
      [{ position: 3 }, 'STEP_INVALID'],
      [{ feed: Int32Array.of(1, vocab) }, 'STEP_INVALID'],
      [{ feed: new Int32Array(0) }, 'STEP_INVALID'],
      [{ sampler: createSampler(vocab + 1) }, 'STEP_INVALID'],
      [{ logprobs: arrays(5, vocab + 1) }, 'STEP_INVALID'],
      [{ count: 100, out: new Int32Array(200), feed: new Int32Array(10) }, 'TABLE_MISSING'],
      [{ cancel: cancelled }, 'CANCELLED'],
      [{ sampler: all }, 'NO_CANDIDATE'],
    ];
    const requests = wrong.map(([change]) => ({ sequence: program.createSequence(), ...short, ...change }));
    let outcomes = await program.decode([requestOf(good, 20), ...requests], Infinity);
    wrong.forEach(([, code], i) => {
      assert.ok(hasCode(code)(outcomes[i + 1]!.error), `${i}: ${outcomes[i + 1]!.error}`);
      assert.equal(outcomes[i + 1]!.produced, 0);
    });
    take(good, outcomes[0]!);
    while (good.produced < 20) {
      outcomes = await program.decode([requestOf(good, 20)], Infinity);
      take(good, outcomes[0]!);
    }
    assert.equal(bitsOf(good), bitsOf(alone));
    assert.deepEqual(await program.decode([], 5), []);
  });

  it('fault 11, 38: NaN stops one sequence, and the memory budget another', async () => {
    const program = await loadTiny(open({ budgetBytes: 70_000 }), 300);
    const { cos } = rotary(tinyShape.headDim, 0, 300);
    program.setTable(0, 40, new Float32Array(tinyShape.headDim).fill(Number.NaN));
    const [a, b] = [task(program, promptOf(0, 39), 8, null), task(program, promptOf(1, 5), 8, null)];
    const [failed, fine] = await program.decode([requestOf(a, 8), requestOf(b, 8)], Infinity);
    assert.ok(hasCode('NUMERIC')(failed!.error));
    assert.deepEqual([failed!.fed, failed!.produced], [39, 2]);
    assert.equal(program.sequenceLength(a.sequence), 40);
    take(b, fine!);
    while (b.produced < 8) take(b, (await program.decode([requestOf(b, 8)], Infinity))[0]!);
    program.setTable(0, 40, cos.subarray(40 * tinyShape.headDim, 41 * tinyShape.headDim));
    program.freeSequence(a.sequence);
    const c = task(program, promptOf(2, 250), 4, null);
    const d = task(program, promptOf(3, 20), 4, null);
    const both: DecodeOutcome[] = [];
    while (both[0]?.error == null && d.produced < 4) {
      both.splice(0, 2, ...(await program.decode([requestOf(c, 4), requestOf(d, 4)], Infinity)));
      if (both[0]!.error === null) take(c, both[0]!);
      take(d, both[1]!);
    }
    while (both[0]?.error == null) {
      both.splice(0, 1, ...(await program.decode([requestOf(c, 4)], Infinity)));
      if (both[0]!.error === null) take(c, both[0]!);
    }
    assert.ok(hasCode('OUT_OF_MEMORY')(both[0]!.error));
    assert.match(both[0]!.error!.message, /need \d+ bytes, have \d+/);
  });

  it('fault 33: a cancelled request ends within a step, one that is alone within an operation', async () => {
    const big = tinyLlama({ ...tinyShape, hidden: 256, ff: 1024, layers: 4 });
    const program = await open({ threads: 1 }).loadProgram(big.program, big.sources);
    const { cos, sin } = rotary(tinyShape.headDim, 0, 8192);
    program.setTable(0, 0, cos);
    program.setTable(1, 0, sin);
    const [a, b, c] = [0, 1, 2].map(() => program.createSequence()) as [number, number, number];
    const cancel = new Int32Array(1);
    const request = (sequence: number, count: number): DecodeRequest => ({
      ...{ sequence, position: 0, feed: Int32Array.of(1), count, out: new Int32Array(count) },
    });
    const both = program.decode([{ ...request(a, 8000), cancel }, request(b, 8000)], Infinity);
    while (program.sequenceLength(a) < 3) await sleep(1);
    cancel[0] = 1;
    const [stopped, other] = await both;
    assert.ok(hasCode('CANCELLED')(stopped!.error));
    assert.ok(stopped!.produced >= 3 && stopped!.produced < 8000);
    assert.equal(other!.error, null);
    assert.ok(other!.produced - stopped!.produced <= 1, 'the job ends with it');
    const whole = new Int32Array(1);
    const rows = Int32Array.from({ length: 4000 }, (_, i) => i % vocab);
    const alone = program.decode([{ ...request(c, 1), feed: rows, cancel: whole }], Infinity);
    while (program.sequenceLength(c) < 128) await sleep(0);
    whole[0] = 1;
    const [outcome] = await alone;
    assert.ok(hasCode('CANCELLED')(outcome!.error));
    assert.ok(outcome!.fed < rows.length);
    assert.equal(program.sequenceLength(c), outcome!.fed);
  });

  it('ids are copied: what a caller writes into its arrays afterwards changes nothing', async () => {
    const program = await loadTiny(open());
    const request = (): DecodeRequest => ({
      sequence: program.createSequence(),
      position: 0,
      feed: Int32Array.from(promptOf(1, 200)),
      count: 8,
      out: new Int32Array(8),
      stopIds: new Int32Array(1).fill(-1),
    });
    const [plain, changed] = [request(), request()];
    await program.decode([plain], Infinity);
    const running = program.decode([changed], Infinity);
    changed.feed.fill(0x7fffffff); // far behind the last row of any table
    changed.stopIds!.set(plain.out.subarray(0, 1));
    const [outcome] = await running;
    assert.deepEqual([outcome!.error, outcome!.produced], [null, 8]);
    assert.deepEqual(changed.out, plain.out);
  });

  it('names what is wrong with a call', async () => {
    const program = await loadTiny(open());
    const good = {
      sequence: program.createSequence(),
      position: 0,
      feed: Int32Array.of(1),
      count: 1,
      out: new Int32Array(1),
    };
    const decode = (...args: unknown[]) => (program.decode as (...args: unknown[]) => unknown)(...args);
    const sampler = createSampler as unknown as (...args: unknown[]) => unknown;
    const wrong: (() => unknown)[] = [
      () => decode(),
      () => decode([good]),
      () => decode([good], Number.NaN),
      () => decode([good], -1),
      () => decode([undefined], 1),
      () => decode([5], 1),
      () => decode([{ ...good, count: 2 }], 1),
      () => decode([{ ...good, count: -1 }], 1),
      () => decode([{ ...good, feed: [1] }], 1),
      () => decode([{ ...good, sampler: {} }], 1),
      () => decode([{ ...good, sampler: good.out }], 1),
      () => decode([{ ...good, cancel: new Int32Array(0) }], 1),
      () => decode([{ ...good, stopIds: [1] }], 1),
      () => decode([{ ...good, logprobs: arrays(0, 1) }], 1),
      () => decode([{ ...good, logprobs: { ...arrays(1, 1), topIds: new Int32Array(0) } }], 1),
      () => decode([{ ...good, scores: { ...arrays(1, 1), top: 0.5 } }], 1),
      () => sampler(0),
      () => sampler(5, { temperature: -1 }),
      () => sampler(5, { topP: 2 }),
      () => sampler(5, { topK: -1 }),
      () => sampler(5, { seed: 0.5 }),
      () => sampler(5, { biasIds: Int32Array.of(5), biasValues: Float32Array.of(1) }),
      () => sampler(5, { biasIds: Int32Array.of(1), biasValues: Float32Array.of() }),
      () => sampler(5, { promptIds: Int32Array.of(-1) }),
      () => sampler(5, 7),
      () => createSampler(5).probabilities(new Float32Array(4)),
    ];
    for (const call of wrong) assert.throws(call, hasCode('OPTION'), String(call));
    // A method torn off its object is a TypeError, not a crash.
    assert.throws(() => Reflect.apply(createSampler(5).probabilities, {}, [new Float32Array(5)]), TypeError);
    assert.equal((await program.decode([good], 1))[0]!.produced, 1);
  });
});
