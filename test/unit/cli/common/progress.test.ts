import assert from 'node:assert/strict';
import { Progress } from '../../../../lib/cli/common/index.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';

describe('cli/common/progress', () => {
  const terminal = (columns: number) => {
    const streams = fakeStreams();
    Object.assign(streams.stderr, { isTTY: true, columns });
    const lines = () => streams.err().split('\r\x1b[K').slice(1);
    return { progress: new Progress(streams.stderr), lines };
  };

  it('draws a bar, not too often, and the end in any case', () => {
    const { progress, lines } = terminal(100);
    for (let done = 0; done <= 5_000_000; done += 1000) progress.bar('model', done, 5_000_000);
    assert.ok(lines().length < 100, `${lines().length} pictures`);
    assert.equal(lines()[0], `[${'.'.repeat(24)}]   0 % of 5.0 MB  model`);
    assert.equal(lines().at(-1), `[${'#'.repeat(24)}] 100 % of 5.0 MB  model`);
    progress.bar('other', 1, 2);
    assert.equal(lines().at(-1), `[${'#'.repeat(12)}${'.'.repeat(12)}]  50 % of 2 B  other`);
    progress.clear();
    assert.equal(lines().at(-1), '');
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
