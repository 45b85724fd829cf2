/**
 * What JavaScript adds to a token: `tsx scripts/bench/boundary.ts [--models T0] [--dtypes q8_0] [--threads 1]
 * [--rounds 31]`. Microseconds a token of the same program, three ways that take turns: all tokens in one native call;
 * a native call for each, awaited; and Model.complete, as a user asks for them. The first holds no JavaScript but one
 * call, so what the others take more is the boundary's (goal: 10 µs). Writes .bench/boundary.json.
 */
import { createEngine, type Engine, type Program } from '../../lib/native.ts';
import type { Plan } from '../../lib/plan/index.ts';
import { median, prepare } from './measure.ts';
import { count, counts, dtypesOf, models, optionsOf } from './options.ts';
import { type Row, report, round } from './results.ts';

const tokens = 128;
const goal = 10;

const options = optionsOf(
  {
    models: models('T0'),
    dtypes: dtypesOf('q8_0'),
    threads: counts('1'),
    rounds: count('31'),
  },
  'none',
);

/** A program with its position tables, without the run time's loop around it. */
async function loadBare(plan: Plan, engine: Engine): Promise<Program> {
  const program = await engine.loadProgram(plan.program, plan.sources);
  plan.tables.forEach((table, i) => {
    program.setTable(i, 0, table.evaluate(0, tokens + 2));
  });
  return program;
}

/** Microseconds a token of `run`, which draws `tokens` behind the first one. */
async function timed(program: Program, run: (sequence: number) => Promise<unknown>): Promise<number> {
  const sequence = program.createSequence();
  try {
    await program.step(Int32Array.of(1, sequence, 0, 1));
    const start = performance.now();
    await run(sequence);
    return ((performance.now() - start) * 1000) / tokens;
  } finally {
    program.freeSequence(sequence);
  }
}

async function inOneCall(program: Program, sequence: number): Promise<void> {
  const out = new Int32Array(tokens);
  const [outcome] = await program.decode(
    [{ sequence, position: 1, feed: Int32Array.of(3), count: tokens, out }],
    Number.POSITIVE_INFINITY,
  );
  if (outcome!.produced !== tokens) throw new Error(`expected ${tokens} tokens, got ${outcome!.produced}`);
}

async function inACallEach(program: Program, sequence: number): Promise<void> {
  let id = 3;
  for (let i = 1; i <= tokens; i++) {
    const drawn = await program.step(Int32Array.of(id, sequence, i, 1));
    id = drawn[0]!;
  }
}

const rows: Row[] = [];
for (const name of options.models)
  for (const dtype of options.dtypes) {
    const { plan, load } = prepare(name, dtype);
    for (const threads of options.threads) {
      const engine = createEngine({ threads });
      const program = await loadBare(plan, engine);
      const model = await load(threads);
      const complete = async (maxTokens: number) => {
        const start = performance.now();
        await model.complete([1], { maxTokens, ignoreEos: true });
        return performance.now() - start;
      };
      const times: [native: number[], step: number[], complete: number[]] = [[], [], []];
      // The first rounds warm up the kernels' memory and the compiler.
      for (let i = -3; i < options.rounds; i++) {
        const taken = [
          await timed(program, (sequence) => inOneCall(program, sequence)),
          await timed(program, (sequence) => inACallEach(program, sequence)),
          ((await complete(tokens + 1)) * 1000 - (await complete(1)) * 1000) / tokens,
        ];
        if (i >= 0) for (const [way, list] of times.entries()) list.push(taken[way]!);
      }
      const [native, step, whole] = times.map(median) as [number, number, number];
      rows.push({
        ...{ model: name, dtype, threads },
        'native, µs a token': round(native, 4),
        'a call each, µs': round(step, 4),
        'complete(), µs': round(whole, 4),
        'a call adds, µs': round(step - native, 3),
        'complete() adds, µs': round(whole - native, 3),
        'goal, µs': goal,
      });
      await model.close();
      await engine.close();
    }
  }
report('boundary', 'JavaScript over the native step', rows);
