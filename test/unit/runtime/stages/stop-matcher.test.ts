import assert from 'node:assert/strict';
import fc from 'fast-check';
import { StopMatcher } from '../../../../lib/runtime/stages/stop-matcher.ts';

function feed(
  stops: readonly string[],
  pieces: readonly string[],
): { shown: string[]; matched: string | null } {
  const matcher = new StopMatcher(stops);
  const shown: string[] = [];
  for (const piece of pieces) {
    const { text, matched } = matcher.push(piece);
    shown.push(text);
    if (matched !== null) return { shown, matched };
  }
  shown.push(matcher.end());
  return { shown, matched: null };
}

/** The same by trying every end in turn. */
function reference(stops: readonly string[], text: string): { text: string; matched: string | null } {
  for (let end = 1; end <= text.length; end++) {
    const hits = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    const longest = hits.sort((a, b) => b.length - a.length)[0];
    if (longest !== undefined) return { text: text.slice(0, end - longest.length), matched: longest };
  }
  return { text, matched: null };
}

describe('runtime/stages/stop-matcher', () => {
  it('finds a stop string across pieces and shows nothing of it', () => {
    assert.deepEqual(feed(['\n\nUser:'], ['Hi.\n', '\nUs', 'er: more']), {
      shown: ['Hi.', '', ''],
      matched: '\n\nUser:',
    });
  });

  it('lets go of what did not become a stop string', () => {
    assert.deepEqual(feed(['abcd'], ['xab', 'cab', 'c']), { shown: ['x', 'abc', '', 'abc'], matched: null });
  });

  it('fault 25: takes the one that is complete first, and the longest of those', () => {
    assert.deepEqual(feed(['abc', 'b'], ['abc']), { shown: ['a'], matched: 'b' });
    assert.deepEqual(feed(['b', 'ab'], ['ab']), { shown: [''], matched: 'ab' });
  });

  it('shows everything at once when there are no stop strings', () => {
    assert.deepEqual(feed([], ['a', 'b']), { shown: ['a', 'b', ''], matched: null });
  });

  it('fault 25: agrees with trying every end, however the text is cut (property)', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '😀'), maxLength: 5 });
    const stop = letters.filter((s) => s !== '');
    let matches = 0;
    fc.assert(
      fc.property(fc.array(stop, { maxLength: 4 }), fc.array(letters, { maxLength: 12 }), (stops, pieces) => {
        const { shown, matched } = feed(stops, pieces);
        const expected = reference(stops, pieces.join(''));
        assert.deepEqual({ text: shown.join(''), matched }, expected);
        for (const text of shown) assert.doesNotMatch(text, /\p{Surrogate}/u);
        if (matched !== null) matches++;
      }),
      { numRuns: 2000, seed: 7 },
    );
    assert.ok(matches > 200, `${matches} matches`);
  });

  it('fault 25: finds one of 10,000 stop strings, and shows what is none', () => {
    const stops = Array.from({ length: 10_000 }, (_, i) => `<stop ${i}>`);
    const matcher = new StopMatcher(stops);
    let shown = '';
    for (let i = 0; i < 20_000; i++) shown += matcher.push('<stop x').text;
    assert.equal(shown.length, 20_000 * 7);
    assert.deepEqual(matcher.push(' <stop 9999> x'), { text: ' ', matched: '<stop 9999>' });
  });
});
