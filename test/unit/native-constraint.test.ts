/** Constraints through the addon: choices, their neighbours in a batch, and what may be done when. */
import assert from 'node:assert/strict';
import {
  availableIsas,
  type Constraint,
  type DecodeRequest,
  type Program,
  type SamplerOptions,
} from '../../lib/native.ts';
import { engineOpener, hasCode } from '../support/native-calls.ts';
import { loadTiny, tinyLlama, tinyShape } from '../support/program.ts';

const { vocab } = tinyShape;
const end = 2;
const choices = [[7, 8, 9, 10], [7, 30], [41]];

const choicesOf = (program: Program, sequences: readonly number[][] = choices): Constraint =>
  program.createChoices(
    sequences.map((ids) => Int32Array.from(ids)),
    Int32Array.of(end),
  );

const idsOf = (mask: Uint32Array): number[] =>
  Array.from({ length: 32 * mask.length }, (_, id) => id).filter((id) => (mask[id >> 5]! >>> (id & 31)) & 1);

/** A prompt of its own for each i, and `count` tokens. */
function requestOf(
  program: Program,
  i: number,
  count: number,
  more: { constraint?: Constraint; options?: SamplerOptions },
): DecodeRequest & { out: Int32Array } {
  return {
    ...{ sequence: program.createSequence(), position: 0, count, out: new Int32Array(count) },
    feed: Int32Array.from({ length: 3 + i }, (_, k) => (k * 37 + i * 11 + 3) % vocab),
    stopIds: Int32Array.of(end),
    ...(more.constraint === undefined ? {} : { constraint: more.constraint }),
    ...(more.options === undefined ? {} : { sampler: program.createSampler(more.options) }),
  };
}

/** What each request produces, however the jobs are cut. */
async function run(program: Program, requests: (DecodeRequest & { out: Int32Array })[]): Promise<number[][]> {
  const made: number[][] = requests.map(() => []);
  let left = requests.map((request, i) => ({ ...request, i }));
  while (left.length > 0) {
    const outcomes = await program.decode(left, Infinity);
    left = left.flatMap((request, k) => {
      const { fed, produced, error } = outcomes[k]!;
      assert.equal(error, null);
      const ids = [...request.out.subarray(0, produced)];
      made[request.i]!.push(...ids);
      if (produced === request.count || ids.includes(end)) return [];
      const feed = produced > 0 ? Int32Array.of(ids.at(-1)!) : request.feed.subarray(fed);
      // Tokens that were fed and drawn, but the last one, are in the cache.
      const position = request.position + fed + Math.max(0, produced - 1);
      return [{ ...request, position, feed, count: request.count - produced }];
    });
  }
  return made;
}

describe('native: constraints', () => {
  const open = engineOpener();

  it('choices allow their sequences and an end, and can be taken back', async () => {
    const constraint = choicesOf(await loadTiny(open()));
    assert.deepEqual(idsOf(constraint.mask()), [7, 41]);
    assert.deepEqual([constraint.allows(7), constraint.allows(8)], [true, false]);
    constraint.accept(7);
    assert.deepEqual(idsOf(constraint.mask()), [8, 30]);
    constraint.accept(30);
    assert.deepEqual(idsOf(constraint.mask()), [end]);
    constraint.accept(end);
    constraint.rollback(2);
    assert.deepEqual(idsOf(constraint.mask()), [8, 30]);
    for (const id of [8, 9, 10]) constraint.accept(id);
    assert.deepEqual(idsOf(constraint.mask()), [end]);
  });

  it('a generation gives one of its choices, the same one for the same seed, on every instruction set', async () => {
    const texts: string[][] = [];
    for (const isa of availableIsas()) {
      const program = await loadTiny(open({ isa, screen: true }));
      const requests = Array.from({ length: 12 }, (_, i) =>
        requestOf(program, i, 10, {
          constraint: choicesOf(program),
          ...(i % 3 === 0 ? {} : { options: { temperature: 1.5, seed: i } }),
        }),
      );
      texts.push((await run(program, requests)).map((ids) => ids.join()));
    }
    const allowed = new Set(choices.map((ids) => [...ids, end].join()));
    for (const text of texts[0]!) assert.ok(allowed.has(text), text);
    assert.ok(new Set(texts[0]).size > 1);
    for (const other of texts) assert.deepEqual(other, texts[0]);
  });

  it('a constraint changes nothing in its neighbours', async () => {
    const program = await loadTiny(open({ threads: 2 }));
    const options = (i: number) => (i % 2 === 0 ? {} : { options: { temperature: 1, seed: 100 + i } });
    const free = await run(
      program,
      Array.from({ length: 6 }, (_, i) => requestOf(program, i, 12, options(i))),
    );
    const beside = await run(
      program,
      Array.from({ length: 6 }, (_, i) =>
        requestOf(program, i, 12, {
          ...options(i),
          ...(i % 3 === 2 ? { constraint: choicesOf(program) } : {}),
        }),
      ),
    );
    for (const i of [0, 1, 3, 4]) assert.deepEqual(beside[i], free[i]);
    for (const i of [2, 5]) assert.notDeepEqual(beside[i], free[i]);
  });

  it('names what is wrong with a call', async () => {
    const program = await loadTiny(open());
    const make = program.createChoices.bind(program) as (...args: unknown[]) => unknown;
    const one = Int32Array.of(1);
    const constraint = choicesOf(program);
    const request = requestOf(program, 0, 1, {});
    const wrong: (() => unknown)[] = [
      () => make(),
      () => make([one]),
      () => make([[1]], one),
      () => make([], one),
      () => make([new Int32Array(0)], one),
      () => make([one], new Int32Array(0)),
      () => make([Int32Array.of(vocab)], one),
      () => make([one], Int32Array.of(-1)),
      () => constraint.allows(vocab),
      () => constraint.accept(-1),
      () => constraint.accept(8),
      () => constraint.rollback(1),
      () => program.decode([{ ...request, constraint: {} as Constraint }], 1),
      () =>
        program.decode([{ ...request, constraint: program.createSampler({}) as unknown as Constraint }], 1),
      () => Reflect.construct(constraint.constructor as new () => unknown, []),
    ];
    for (const call of wrong) assert.throws(call, hasCode('OPTION'), String(call));
    assert.throws(() => Reflect.apply(constraint.mask, {}, []), TypeError);
    // Another vocabulary's is refused before anything runs.
    const larger = tinyLlama({ ...tinyShape, vocab: vocab + 1 });
    const foreign = choicesOf(await open().loadProgram(larger.program, larger.sources));
    const [outcome] = await program.decode([{ ...request, constraint: foreign }], 1);
    assert.ok(hasCode('STEP_INVALID')(outcome!.error));
  });

  it('belongs to one request at a time, and is free again when its job has ended', async () => {
    const program = await loadTiny(open());
    const constraint = choicesOf(program);
    const first = requestOf(program, 0, 1, { constraint });
    const running = program.decode([first], Infinity);
    const uses: (() => unknown)[] = [
      () => constraint.mask(),
      () => constraint.allows(7),
      () => constraint.accept(7),
      () => constraint.rollback(0),
      () => program.decode([requestOf(program, 1, 1, { constraint })], Infinity),
    ];
    for (const use of uses) assert.throws(use, hasCode('OPTION'), String(use));
    await running;
    assert.ok([7, 41].includes(first.out[0]!));
    assert.equal(constraint.allows(first.out[0]!), false);
    constraint.rollback(1);
    // Twice in one job: neither runs, and it stays free.
    const twice = [requestOf(program, 1, 1, { constraint }), requestOf(program, 2, 1, { constraint })];
    assert.throws(() => program.decode(twice, Infinity), hasCode('OPTION'));
    assert.deepEqual(idsOf(constraint.mask()), [7, 41]);
    // A job that fails gives it back, too.
    const outcomes = await program.decode([{ ...first, sequence: 9999 }], Infinity);
    assert.ok(hasCode('SEQUENCE_UNKNOWN')(outcomes[0]!.error));
    assert.deepEqual(idsOf(constraint.mask()), [7, 41]);
  });
});
