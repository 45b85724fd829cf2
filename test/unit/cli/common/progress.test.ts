import assert from 'node:assert/strict';
import { Progress } from '../../../../lib/cli/common/index.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';

describe('cli/common/progress', () => {
  const terminal = (columns: number) => {
    const streams = fakeStreams();
    const clock = { now: 0 };
    Object.assign(streams.stderr, { isTTY: true, columns });
    const lines = () => streams.err().split('\r\x1b[K').slice(1);
    return { progress: new Progress(streams.stderr, () => clock.now), lines, clock };
  };

  it('draws a bar, not too often, and the end in any case', () => {
    const { progress, lines, clock } = terminal(100);
    for (let done = 0; done <= 5_000_000; done += 1000) {
      progress.bar('model', done, 5_000_000);
      clock.now += 0.1;
    }
    // One for each 100 of the 500 ms, and the last.
    assert.equal(lines().length, 6);
    assert.equal(lines()[0], `[${'.'.repeat(24)}]   0 % of 5.0 MB  model`);
    assert.equal(lines().at(-1), `[${'#'.repeat(24)}] 100 % of 5.0 MB  model`);
    progress.bar('other', 1, 2);
    assert.equal(lines().at(-1), `[${'#'.repeat(12)}${'.'.repeat(12)}]  50 % of 2 B  other`);
    progress.clear();
    assert.equal(lines().at(-1), '');
  });

  it('says how fast it goes and how long it takes, by the last seconds', () => {
    const { progress, lines, clock } = terminal(100);
    const at = (ms: number, done: number, total = 4e9) => {
      clock.now = ms;
      progress.bar('model', done, total);
      return /^\[[#.]+\] +\d+ % of \S+ GB(.*) {2}model$/.exec(lines().at(-1)!)![1];
    };
    // 1 GB was there before: it counts for no speed.
    assert.equal(at(0, 1e9), '');
    assert.equal(at(900, 1.05e9), '');
    assert.equal(at(1000, 1.1e9), ', 100.0 MB/s, 29 s left');
    assert.equal(at(2000, 1.2e9), ', 100.0 MB/s, 28 s left');
    // Ten times slower from here on: after the window that is the speed.
    for (let s = 3; s <= 8; s++) at(1000 * s, 1.2e9 + 1e7 * (s - 2));
    assert.equal(at(9000, 1.27e9), ', 10.0 MB/s, 5 min left');
    for (let s = 10; s <= 15; s++) at(1000 * s, 1.27e9 + (s - 9) * 1e5);
    assert.equal(at(16_000, 1.2707e9), ', 100.0 kB/s, 8 h left');
    // It stalls; it begins again; it is done.
    for (let s = 17; s <= 22; s++) at(1000 * s, 1.2707e9);
    assert.equal(at(23_000, 1.2707e9), ', no data');
    assert.equal(at(24_000, 0), '');
    assert.equal(at(30_000, 4e9), '');
  });

  it('a new file has its own speed', () => {
    const { progress, lines, clock } = terminal(100);
    progress.bar('a', 0, 1e6);
    clock.now = 2000;
    progress.bar('a', 5e5, 1e6);
    progress.bar('b', 0, 1e6);
    assert.match(lines().at(-1)!, /% of 1\.0 MB {2}b$/);
  });

  it('never fills the line to its end: it could not be taken back', () => {
    const { progress, lines } = terminal(20);
    progress.show('a very long name of something');
    assert.equal(lines()[0], 'a very long name of');
  });

  it('says nothing where nobody looks', () => {
    const streams = fakeStreams();
    const progress = new Progress(streams.stderr);
    progress.show('x');
    progress.bar('x', 1, 2);
    progress.clear();
    assert.equal(streams.err(), '');
  });
});
