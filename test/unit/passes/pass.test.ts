import assert from 'node:assert/strict';
import { outcomeLines } from '../../../lib/passes/index.ts';

describe('passes/pass', () => {
  const lines = (reasons: string[], changed = 0) =>
    outcomeLines('a.filter', { changed, candidates: 9, what: 'places', reasons });

  it('says nothing when all went well, and that there was nothing to do', () => {
    assert.deepEqual(lines([], 9), []);
    assert.deepEqual(lines([]), ['a.filter: 0 of 9 places changed: there is nothing to do']);
    const left = { changed: 0, candidates: 1, what: 'places', reasons: ["'a': odd"], consequence: 'No harm' };
    assert.deepEqual(outcomeLines('a.filter', left), ["a.filter: 0 of 1 places changed: 'a': odd. No harm"]);
  });

  it('says a reason once, whatever the places are called', () => {
    assert.deepEqual(lines(["'a': no mask", "'b': no mask", "'c': no mask", "'d': no scale"], 5), [
      "a.filter: 5 of 9 places changed: 'a': no mask (and 2 more like it); 'd': no scale",
    ]);
    assert.deepEqual(lines(['a broadcast', 'an activation', 'a broadcast']), [
      'a.filter: 0 of 9 places changed: a broadcast (2 times); an activation',
    ]);
  });

  it('says five reasons, and how many more there are', () => {
    const [line] = lines(Array.from({ length: 8 }, (_, i) => `'x': reason ${i}`));
    assert.ok(line!.endsWith("'x': reason 4; and 3 more reasons"), line);
  });
});
