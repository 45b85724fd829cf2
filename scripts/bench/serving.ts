/**
 * What drawing tokens costs over taking the most likely one, and what many generations at once do to the event loop:
 * `tsx scripts/bench/serving.ts [--rounds 9]`. Ratios within a run count; another program running changes the rest. Writes
 * .bench/serving.json.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { loadDemo } from '../../lib/make/index.ts';
import {
  createEngine,
  type DecodeRequest,
  type LogprobArrays,
  type SamplerOptions,
} from '../../lib/native.ts';
import { compile } from '../../lib/plan/index.ts';
import { median } from './measure.ts';
import { randomModule } from './models.ts';
import { count, optionsOf } from './options.ts';
import { machine, type Row, save } from './results.ts';
import { figuresTable } from './table.ts';

const { rounds } = optionsOf({ rounds: count('9') }, 'none');
const tokens = 200;
/** So small that a step costs little beside the draw, with logits that are about as far apart as one. */
const small = {
  spread: 1 / 8,
  hidden: 64,
  layers: 1,
  heads: 4,
  kvHeads: 2,
  feedForward: 40,
  context: 256,
  tied: false,
};

const ways: [string, SamplerOptions | null, number | null][] = [
  ['greedy', null, null],
  ['temperature', { temperature: 0.8 }, null],
  ['top-k 40', { temperature: 0.8, topK: 40 }, null],
  ['top-p 0.9', { temperature: 0.8, topP: 0.9 }, null],
  ['top-p 0.9, peaked', { temperature: 0.1, topP: 0.9 }, null],
  ['top-k 40, top-p 0.95, min-p 0.05', { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 }, null],
  ['penalties, greedy', { temperature: 0, repeatPenalty: 1.1, frequencyPenalty: 0.2 }, null],
  ['greedy, 5 log-probabilities', null, 5],
];

/**
 * Microseconds a token, on random logits: the hardest for filters, for nearly all are near the highest. A trained
 * model's are further apart, as a low temperature makes them here.
 */
async function sampling(vocab: number, threads: number): Promise<Record<string, number>> {
  const engine = createEngine({ threads });
  const plan = compile(randomModule({ ...small, vocab }));
  const program = await engine.loadProgram(plan.program, plan.sources);
  for (const [i, table] of plan.tables.entries()) program.setTable(i, 0, table.evaluate(0, tokens + 1));
  const times = new Map<string, number[]>(ways.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, options, top] of ways) {
      const sequence = program.createSequence();
      const request: DecodeRequest = {
        ...{ sequence, position: 0, feed: Int32Array.of(1), count: tokens, out: new Int32Array(tokens) },
        ...(options === null ? {} : { sampler: program.createSampler({ ...options, seed: round }) }),
        ...(top === null ? {} : { logprobs: logprobArrays(top) }),
      };
      const started = performance.now();
      const [outcome] = await program.decode([request], Infinity);
      if (outcome!.produced !== tokens) throw new Error(`${name}: ${outcome!.produced} tokens`);
      times.get(name)!.push(performance.now() - started);
      program.freeSequence(sequence);
    }
  }
  await engine.close();
  const microseconds = (name: string) => (median(times.get(name)!) / tokens) * 1000;
  const greedy = microseconds('greedy');
  return Object.fromEntries(
    ways.map(([name]) => [
      name,
      Math.round((microseconds(name) - (name === 'greedy' ? 0 : greedy)) * 10) / 10,
    ]),
  );
}

function logprobArrays(top: number): LogprobArrays {
  return {
    ...{ logprobs: new Float64Array(tokens), top },
    ...{ topIds: new Int32Array(tokens * top), topLogprobs: new Float64Array(tokens * top) },
  };
}

/** Delays of a 1 ms timer, in milliseconds, while n generations of the demo run; 0: what the machine does without. */
async function eventLoop(n: number): Promise<Record<string, number>> {
  const model = await loadDemo();
  const run = () =>
    Promise.all(
      Array.from({ length: n }, async (_, i) => {
        let count = 0;
        const options = { maxTokens: 400, ignoreEos: true, temperature: 0.8, topP: 0.9, seed: i };
        for await (const { ids } of model.generate('Once upon a time,', options)) count += ids.length;
        return count;
      }),
    );
  const work = n > 0 ? run : () => setTimeout(1000, []);
  await work();
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const started = performance.now();
  const produced = (await work()).reduce((a, b) => a + b, 0);
  const ms = performance.now() - started;
  delays.disable();
  await model.close();
  const late = (nanoseconds: number) => Math.round(nanoseconds / 1e4 - 100) / 100; // beside the timer's own ms
  return {
    'tokens/s together': Math.round((produced / ms) * 1000),
    'event loop delay p50, ms': late(delays.percentile(50)),
    'event loop delay p99, ms': late(delays.percentile(99)),
    'event loop delay max, ms': late(delays.max),
  };
}

const drawing: Row[] = [];
for (const vocab of [32_000, 128_256])
  for (const threads of [1, 2]) {
    const figures = await sampling(vocab, threads);
    console.log(`\nvocabulary ${vocab}, threads ${threads}: µs a token; all but greedy: on top of greedy`);
    console.log(figuresTable(figures));
    drawing.push({ vocabulary: vocab, threads, ...figures });
  }
const loop: Row[] = [];
for (const n of [0, 1, 16]) {
  const figures = await eventLoop(n);
  console.log(`\n${n} streamed generations of the demo`);
  console.log(figuresTable(figures));
  loop.push({ generations: n, ...figures });
}
save('serving', { machine: machine(), drawing, loop });
