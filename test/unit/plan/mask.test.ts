import assert from 'node:assert/strict';
import { evaluateOver } from '../../../lib/ir/evaluate/index.ts';
import { proveMask } from '../../../lib/plan/mask.ts';
import { type TextGraph, textGraph } from '../../support/text-graph.ts';

const COLUMNS = 24;
const count = (f: (i: number) => number) => Array.from({ length: COLUMNS }, (_, i) => f(i)).join(' ');

/** `later` and `before` are BOOL[1, columns]: behind the position, and out of a window of `window`. */
function maskGraph(lines: string, window = 5): TextGraph {
  return textGraph(`
    input position i64[1]
    const columns i64[${COLUMNS}] = ${count((i) => i)}
    const floats f32[${COLUMNS}] = ${count((i) => i)}
    const fill f32[1,${COLUMNS}] = ${count(() => -3.4e38)}
    const open f32[1,${COLUMNS}] = ${count(() => 0)}
    const far i64[1] = ${window}
    p = RESHAPE(position, [1,1])
    later = GREATER(columns, p)
    edge = SUB(p, far)
    before = LESS_EQUAL(columns, edge)
    ${lines}`);
}

const cast = (name: string, from: string) => `${name} = CAST(${from}) inDataType=bool outDataType=f32`;
const causal = `${cast('c', 'later')}\nmask = MUL(fill, c)`;
const summed = `${cast('c', 'later')}\n${cast('w', 'before')}\na = MUL(c, fill)\nb = MUL(fill, w)\nmask = ADD(a, b)`;

/** Window 0: causal. */
const accepted: [string, number, string][] = [
  ['the exporter’s', 0, causal],
  ['the exporter’s with a window', 5, summed],
  ['a choice of numbers', 0, 'mask = SELECT_V2(later, fill, open)'],
  ['the other way round', 0, 'seen = LOGICAL_NOT(later)\nmask = SELECT_V2(seen, open, fill)'],
  ['two conditions in one', 5, 'hidden = LOGICAL_OR(later, before)\nmask = SELECT_V2(hidden, fill, open)'],
  [
    'conditions that must both hold',
    5,
    'a = LESS_EQUAL(columns, p)\nb = GREATER(columns, edge)\nseen = LOGICAL_AND(a, b)\nmask = SELECT_V2(seen, open, fill)',
  ],
  [
    'the lesser of two masks',
    5,
    `${cast('c', 'later')}\n${cast('w', 'before')}\na = MUL(c, fill)\nb = MUL(w, fill)\nmask = MINIMUM(a, b)`,
  ],
  [
    'a comparison of a difference',
    0,
    `f = CAST(p) inDataType=i64 outDataType=f32\nd = SUB(floats, f)\nl = GREATER(d, 0.0)\n${cast('c', 'l')}\nmask = MUL(c, fill)`,
  ],
  ['a window of one', 1, summed],
  ['a window longer than the columns', 40, summed],
  [
    'other shapes on the way',
    0,
    `${causal.replace('mask', 'm')}\nm4 = RESHAPE(m, [1,1,1,${COLUMNS}])\nmask = MUL(m4, 1.0)`,
  ],
];

const refused: [string, RegExp, string][] = [
  ['later columns', /lets a token see later ones/, 'l = LESS(columns, p)\nmask = SELECT_V2(l, fill, open)'],
  [
    'the column behind it',
    /lets a token see later ones/,
    'q = ADD(p, far)\nl = GREATER(columns, q)\nmask = SELECT_V2(l, fill, open)',
  ],
  [
    'the token itself hidden',
    /hides the token itself/,
    'l = GREATER_EQUAL(columns, p)\nmask = SELECT_V2(l, fill, open)',
  ],
  [
    'a hole',
    /has a hole/,
    'e = EQUAL(columns, edge)\nh = LOGICAL_OR(later, e)\nmask = SELECT_V2(h, fill, open)',
  ],
  [
    'weights instead of open and closed',
    /the mask is 0.5 at column − position = /,
    `${causal.replace('mask', 'm')}\nmask = MAXIMUM(m, 0.5)`,
  ],
  ['conditions instead of numbers', /expected 0 or ≤ −1e30/, `${cast('mask', 'later')}`],
  [
    'absolute positions',
    /no function of column − position/,
    'l = GREATER(columns, far)\nmask = SELECT_V2(l, fill, open)',
  ],
  [
    'twice the position',
    /no function of column − position/,
    'q = ADD(p, p)\nl = GREATER(columns, q)\nmask = SELECT_V2(l, fill, open)',
  ],
  [
    'a square',
    /compares what is no column or position/,
    'q = MUL(p, p)\nl = GREATER(columns, q)\nmask = SELECT_V2(l, fill, open)',
  ],
  ['an operator beyond arithmetic', /computed with COS/, `${causal.replace('mask', 'm')}\nmask = COS(m)`],
];

describe('plan/mask', () => {
  for (const [title, window, lines] of accepted) {
    it(`proves ${title}`, () => {
      const { graph, value } = maskGraph(lines, window);
      assert.deepEqual(proveMask(value('mask'), value('position')), { ok: true, window });
      // The proof against the numbers, at every position that the columns reach.
      const positions = Array.from({ length: COLUMNS }, (_, i) => i);
      const rows = evaluateOver(graph, value('mask'), value('position'), positions);
      assert.equal(rows.length, COLUMNS * COLUMNS);
      rows.forEach((x, i) => {
        const [p, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
        const sees = column <= p && (window === 0 || column > p - window);
        assert.ok(sees ? x === 0 : x <= -1e30, `column ${column} at ${p}: ${x}`);
      });
    });
  }

  for (const [title, reason, lines] of refused) {
    it(`refuses ${title}`, () => {
      const { value } = maskGraph(lines);
      const meaning = proveMask(value('mask'), value('position'));
      assert.ok(!meaning.ok);
      assert.match(meaning.reason, reason);
    });
  }

  it('refuses a threshold too far away to look at', () => {
    const { value } = maskGraph(summed, 2 ** 40);
    const meaning = proveMask(value('mask'), value('position'));
    assert.ok(!meaning.ok && /beyond 1e7/.test(meaning.reason));
  });
});
