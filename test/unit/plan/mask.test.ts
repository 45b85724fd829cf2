import assert from 'node:assert/strict';
import fc from 'fast-check';
import { evaluateOver } from '../../../lib/ir/evaluate/index.ts';
import type { Graph } from '../../../lib/ir/graph/index.ts';
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
    const big i32[1] = -2000000000
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
    /a column or position outside of a comparison/,
    'q = MUL(p, p)\nl = GREATER(columns, q)\nmask = SELECT_V2(l, fill, open)',
  ],
  [
    'more than a function of column − position that holds at one position',
    /columns and positions and -9.99\d*e\+35, expected whole numbers/,
    'f = CAST(p) inDataType=i64 outDataType=f32\np3 = MUL(f, 3.0)\ne = SUB(p3, 6.0)\nd = SUB(e, floats)\nx = MUL(d, 1e36)\nmask = MINIMUM(x, 0.0)',
  ],
  [
    'a distance without a comparison',
    /a column or position outside of a comparison/,
    'f = CAST(p) inDataType=i64 outDataType=f32\nd = SUB(f, floats)\nmask = MINIMUM(d, 0.0)',
  ],
  [
    'a choice by a column number',
    /a column or position outside of a comparison/,
    'mask = SELECT_V2(columns, fill, open)',
  ],
  [
    'a fraction of a distance, which f32 rounds',
    /columns and positions and 0.1\d*, expected whole numbers/,
    `f = CAST(p) inDataType=i64 outDataType=f32\nd = SUB(floats, f)\ne = MUL(d, 0.1)\nl = GREATER(e, 0.0)\nmask = SELECT_V2(l, fill, open)`,
  ],
  ['a RELU in its last product', /has a fused activation/, `${causal} fusedActivationFunction=1`],
  ['a RELU in its last sum', /has a fused activation/, `${summed} fusedActivationFunction=1`],
  [
    'a RELU on the way to a comparison',
    /has a fused activation/,
    `q = SUB(p, far) fusedActivationFunction=1\nb = LESS_EQUAL(columns, q)\nmask = SELECT_V2(b, fill, open)`,
  ],
  [
    'numbers that a cast to BOOL makes 0 and 1',
    /the mask is 1 at column − position = 1/,
    `${causal.replace('mask', 'm')}\nt = CAST(m) inDataType=f32 outDataType=bool\n${cast('mask', 't')}`,
  ],
  [
    'a column cast to BOOL',
    /a column or position outside of a comparison/,
    `t = CAST(columns) inDataType=i64 outDataType=bool\nmask = SELECT_V2(t, fill, open)`,
  ],
  [
    'a product that f32 cannot hold',
    /the mask is NaN at column − position = -1/,
    `${cast('c', 'later')}\nf = MUL(fill, 10.0)\nmask = MUL(f, c)`,
  ],
  [
    'integers that wrap around',
    /the mask computes -4000000000 in INT32/,
    `l = CAST(later) inDataType=bool outDataType=i32\nx = MUL(l, big)\ny = ADD(x, x)\nmask = CAST(y) inDataType=i32 outDataType=f32`,
  ],
  ['an operator beyond arithmetic', /computed with COS/, `${causal.replace('mask', 'm')}\nmask = COS(m)`],
];

/** The proof against the numbers, at every position that the columns reach. */
function expectMask(graph: Graph, value: TextGraph['value'], window: number): void {
  const positions = Array.from({ length: COLUMNS }, (_, i) => i);
  const rows = evaluateOver(graph, value('mask'), value('position'), positions);
  assert.equal(rows.length, COLUMNS * COLUMNS);
  rows.forEach((x, i) => {
    const [p, column] = [Math.floor(i / COLUMNS), i % COLUMNS];
    const sees = column <= p && (window === 0 || column > p - window);
    assert.ok(sees ? x === 0 : x <= -1e30, `column ${column} at ${p}: ${x}`);
  });
}

/** A mask of a few conditions over lines, put together in one of the ways that exporters have or could have. */
function randomMask(choices: readonly number[]): string {
  let at = 0;
  const pick = <T>(list: readonly T[]): T => list[choices[at++ % choices.length]! % list.length]!;
  const lines = [
    'pf = CAST(p) inDataType=i64 outDataType=f32',
    'farf = CAST(far) inDataType=i64 outDataType=f32',
  ];
  const add = (line: string): string => {
    lines.push(`v${lines.length} = ${line}`);
    return `v${lines.length - 1}`;
  };
  const relu = () => pick(['', '', '', '', '', ' fusedActivationFunction=1']);
  const line = (float: boolean): string => {
    const [column, position, step] = float ? ['floats', 'pf', 'farf'] : ['columns', 'p', 'far'];
    const leaf = () => pick([column!, position!, position!, step!]);
    const one = pick([leaf, () => add(`${pick(['SUB', 'ADD', 'MUL'])}(${leaf()}, ${leaf()})${relu()}`)])();
    return pick([one, one, add(`NEG(${one})`)]);
  };
  const condition = (): string => {
    const float = pick([true, false]);
    const relation = pick(['GREATER', 'GREATER_EQUAL', 'LESS', 'LESS_EQUAL', 'EQUAL', 'NOT_EQUAL']);
    const own = add(`${relation}(${line(float)}, ${line(float)})`);
    return pick(['later', 'later', 'before', own, own]);
  };
  const mask = (): string => {
    const c = pick([
      condition,
      condition,
      () => add(`LOGICAL_NOT(${condition()})`),
      () => add(`${pick(['LOGICAL_OR', 'LOGICAL_AND'])}(${condition()}, ${condition()})`),
    ])();
    const number = () => add(`CAST(${c}) inDataType=bool outDataType=f32`);
    return pick([
      () => add(`MUL(fill, ${number()})${relu()}`),
      () => add(`SELECT_V2(${c}, fill, open)`),
      () => add(`SELECT_V2(${c}, open, fill)`),
    ])();
  };
  const last = pick([
    mask,
    mask,
    () => add(`${pick(['MINIMUM', 'MAXIMUM'])}(${mask()}, ${mask()})`),
    () => add(`ADD(${mask()}, ${mask()})${relu()}`),
  ])();
  return `${lines.join('\n')}\nmask = MUL(${last}, 1.0)`;
}

describe('plan/mask', () => {
  for (const [title, window, lines] of accepted) {
    it(`proves ${title}`, () => {
      const { graph, value } = maskGraph(lines, window);
      assert.deepEqual(proveMask(value('mask'), value('position')), { ok: true, window });
      expectMask(graph, value, window);
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

  it('refuses a threshold that f32 could not hold', () => {
    const sees = (window: number) => {
      const { value } = maskGraph(summed, window);
      return proveMask(value('mask'), value('position'));
    };
    assert.deepEqual(sees(2 ** 24), { ok: true, window: 2 ** 24 });
    const beyond = sees(2 ** 24 + 1);
    assert.ok(!beyond.ok && /and -16777217, expected whole numbers up to 2\^24/.test(beyond.reason));
    const { value } = maskGraph(`l = GREATER(floats, 3.4e8)\nmask = SELECT_V2(l, fill, open)`);
    assert.ok(!proveMask(value('mask'), value('position')).ok);
  });

  it('names the operator that cannot be proved', () => {
    const { value } = maskGraph(`${causal.replace('mask', 'm')}\nmask = COS(m)`);
    const meaning = proveMask(value('mask'), value('position'));
    assert.ok(!meaning.ok && meaning.op === value('mask').producer);
  });

  it('takes the time of its operators, however often they share operands', () => {
    const doubled = Array.from({ length: 200 }, (_, i) => `m${i + 1} = MINIMUM(m${i}, m${i})`);
    const { value } = maskGraph(
      `${causal.replace('mask', 'm0')}\n${doubled.join('\n')}\nmask = MUL(m200, 1.0)`,
    );
    assert.deepEqual(proveMask(value('mask'), value('position')), { ok: true, window: 0 });
    const deep = Array.from({ length: 20000 }, (_, i) => `m${i + 1} = MINIMUM(m${i}, m${i})`);
    const chain = maskGraph(`${causal.replace('mask', 'm0')}\n${deep.join('\n')}`).value;
    const meaning = proveMask(chain('m20000'), chain('position'));
    assert.ok(!meaning.ok && /more than 300 operators deep/.test(meaning.reason));
  });

  it('says of random masks only what their numbers say', () => {
    let proved = 0;
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 30, maxLength: 30 }), (choices) => {
        const { graph, value } = maskGraph(randomMask(choices), 4);
        const meaning = proveMask(value('mask'), value('position'));
        if (!meaning.ok) return;
        proved++;
        expectMask(graph, value, meaning.window);
      }),
      { numRuns: 2000 },
    );
    assert.ok(proved > 40, `only ${proved} were proved`);
  });
});
