import assert from 'node:assert/strict';
import { PrefixCache } from '../../../lib/runtime/prefix-cache.ts';
import { FakeEngine, type FakeProgram } from '../../support/fake-engine.ts';

const ids = (...list: number[]) => Int32Array.from(list);
const range = (first: number, count: number) => Int32Array.from({ length: count }, (_, i) => first + i);

describe('runtime/prefix-cache', () => {
  let program: FakeProgram;
  beforeEach(async () => {
    const engine = new FakeEngine(() => 5);
    await engine.loadProgram(new Uint8Array(1), []);
    program = engine.program!;
  });

  /** A sequence that holds these ids, given to the cache. */
  const keep = (cache: PrefixCache, list: Int32Array): number => {
    const sequence = program.createSequence();
    program.sequences.get(sequence)!.push(...list);
    cache.keep(sequence, list);
    return sequence;
  };

  it('starts a prompt at the end of the longest beginning that it has', async () => {
    const cache = new PrefixCache(program, 1000);
    keep(cache, range(0, 20));
    keep(cache, Int32Array.from([...range(0, 12), ...range(500, 30)]));
    const start = await cache.begin(Int32Array.from([...range(0, 12), ...range(500, 9), 7, 7]));
    assert.equal(start.position, 21);
    assert.deepEqual(program.sequences.get(start.sequence), [...range(0, 12), ...range(500, 9)]);
    assert.equal(
      (await cache.begin(range(0, 15))).position,
      14,
      'the last id is fed again: its logits are wanted',
    );
    assert.equal((await cache.begin(range(0, 40))).position, 20);
    assert.equal((await cache.begin(ids(0, 1, 2, 9, 9, 9, 9, 9, 9))).position, 0, 'too short to share');
    assert.equal((await cache.begin(range(900, 40))).position, 0);
  });

  it('keeps to its size, least recently used first, and what continues another takes its place', async () => {
    const cache = new PrefixCache(program, 60);
    const [a, b] = [keep(cache, range(100, 20)), keep(cache, range(200, 20))];
    await cache.begin(range(100, 20)).then(({ sequence }) => program.freeSequence(sequence));
    const c = keep(cache, range(300, 30));
    assert.deepEqual([...program.sequences.keys()].sort(), [a, c].sort(), 'b was used longest ago');
    assert.ok(!program.sequences.has(b));
    const longer = keep(cache, range(100, 25));
    assert.deepEqual([...program.sequences.keys()].sort(), [c, longer].sort());
    keep(cache, range(100, 22));
    keep(cache, range(400, 61));
    keep(cache, range(400, 7));
    assert.deepEqual([...program.sequences.keys()].sort(), [c, longer].sort(), 'known, too long, too short');
  });

  it('gives everything back, and keeps nothing when it may not', async () => {
    const cache = new PrefixCache(program, 100);
    keep(cache, range(0, 20));
    keep(cache, range(50, 20));
    assert.equal(cache.clear(), true);
    assert.equal(cache.clear(), false);
    keep(new PrefixCache(program, 0), range(0, 20));
    assert.equal(program.sequences.size, 0);
  });

  it('starts anew when what it wanted to share is given up before the engine comes to it', async () => {
    const cache = new PrefixCache(program, 100);
    keep(cache, range(0, 20));
    const waiting = cache.begin(range(0, 30));
    cache.clear();
    const { sequence, position } = await waiting;
    assert.deepEqual([position, program.sequences.get(sequence)], [0, []]);
  });
});
