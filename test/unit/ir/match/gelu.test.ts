import assert from 'node:assert/strict';
import { evaluate } from '../../../../lib/ir/evaluate/index.ts';
import { matchGelu } from '../../../../lib/ir/match/gelu.ts';
import { relativeError, tensorFor } from '../../../support/goldens.ts';
import { randomFloats, seeded } from '../../../support/mutate.ts';
import { textGraph } from '../../../support/text-graph.ts';

const graphOf = (lines: string) => textGraph(`input x f32[1,1,9]\ninput z f32[1,1,9]\n${lines}`);

/** √(2/π) and 0.044715 as exporters write them. */
const SQRT = '0.7978845608028654';
const CUBE = '0.044715';

const forms: [string, boolean, string][] = [
  ['the operator', false, 'y = GELU(x)'],
  ['the operator in its tanh form', true, 'y = GELU(x) approximate=true'],
  [
    'written out with a power',
    true,
    `c = POW(x, 3.0)\ns = MUL(c, ${CUBE})\na = ADD(x, s)\nu = MUL(a, ${SQRT})\nt = TANH(u)\ng = ADD(t, 1.0)
     h = MUL(x, 0.5)\ny = MUL(h, g)`,
  ],
  [
    'written out with products, grouped and ordered otherwise',
    true,
    `q = MUL(x, x)\nc = MUL(q, x)\ns = MUL(${CUBE}, c)\na = ADD(s, x)\nu = MUL(${SQRT}, a)\nt = TANH(u)\ng = ADD(1.0, t)
     h = MUL(g, x)\ny = MUL(h, 0.5)`,
  ],
  [
    'written out with a square',
    true,
    `q = SQUARE(x)\nk = MUL(x, ${CUBE})\ns = MUL(k, q)\na = ADD(x, s)\nu = MUL(a, ${SQRT})\nt = TANH(u)\ng = ADD(t, 1.0)
     h = MUL(0.5, g)\ny = MUL(x, h)`,
  ],
];

const written = forms[2]![2];

const misses: [string, string][] = [
  ['another factor of the cube', written.replace(CUBE, '0.0447')],
  ['another factor inside', written.replace(SQRT, '0.8')],
  ['a square for the cube', written.replace('POW(x, 3.0)', 'POW(x, 2.0)')],
  ['another half', written.replace('MUL(x, 0.5)', 'MUL(x, 0.25)')],
  ['2 + tanh', written.replace('ADD(t, 1.0)', 'ADD(t, 2.0)')],
  ['the cube of another value', written.replace('POW(x, 3.0)', 'POW(z, 3.0)')],
  ['the gate of another value', written.replace('MUL(x, 0.5)', 'MUL(z, 0.5)')],
  ['a fused activation', written.replace('h, g)', 'h, g) fusedActivationFunction=1')],
  [
    'a product of many factors',
    `a = MUL(x, x)\nb = MUL(a, a)\nc = MUL(b, b)\nd = MUL(c, c)\ne = MUL(d, d)\nf = MUL(e, e)\ny = MUL(f, f)`,
  ],
];

describe('ir/gelu', () => {
  for (const [title, approximate, lines] of forms) {
    it(`finds ${title}, and it is that function`, () => {
      const { graph, value } = graphOf(lines);
      assert.deepEqual(matchGelu(value('y')), { input: value('x'), approximate });
      const operator = graphOf(`y = GELU(x) approximate=${approximate}`);
      const numbers = randomFloats(9, seeded(4)).map((x) => 4 * x);
      const results = [{ graph, value }, operator].map(({ graph, value }) => {
        const inputs = new Map([[value('x'), tensorFor(value('x'), numbers)]]);
        return evaluate(graph, inputs, { outputs: [value('y')] }).get(value('y'))!.data as Float32Array;
      });
      assert.ok(relativeError(results[0]!, results[1]!) < 1e-6);
    });
  }

  for (const [title, lines] of misses) {
    it(`does not take ${title}`, () => {
      const { value } = graphOf(lines);
      assert.equal(matchGelu(value('y')), undefined);
    });
  }
});
