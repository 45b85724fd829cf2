import assert from 'node:assert/strict';
import {
  attempt,
  eitherOrder,
  keepsOrder,
  lastAxisSlice,
  Mismatch,
  scaledBy,
  swapsLastTwo,
  through,
} from '../../../../lib/ir/match/pattern.ts';
import { textGraph } from '../../../support/text-graph.ts';

/** The operator that makes y. */
function op(text: string) {
  return textGraph(text).value('y').producer!;
}

describe('ir/pattern', () => {
  it('scaledBy: constant scalars on either side of a product, and below a division', () => {
    assert.equal(scaledBy(op('input x f32[2]\ny = MUL(x, 2.0)'))!.factor, 2);
    assert.equal(scaledBy(op('input x f32[2]\ny = MUL(2.0, x)'))!.input.name, 'x');
    assert.equal(scaledBy(op('input x f32[2]\ny = DIV(x, 4.0)'))!.factor, 0.25);
    assert.equal(scaledBy(op('input x f32[2]\nconst c f32[1,1] = 3\ny = MUL(x, c)'))!.factor, 3);
    assert.equal(scaledBy(op('input x f32[2]\ny = DIV(4.0, x)')), undefined);
    assert.equal(scaledBy(op('input x f32[2]\nconst c f32[2] = 3 3\ny = MUL(x, c)')), undefined);
    assert.equal(scaledBy(op('input x f32[2]\ny = MUL(x, 2.0) fusedActivationFunction=1')), undefined);
    assert.equal(scaledBy(op('input x f32[2]\ny = ADD(x, 2.0)')), undefined);
  });

  it('keepsOrder: only what leaves the flat order of elements', () => {
    const keeps = (text: string) => keepsOrder(op(text));
    assert.ok(keeps('input x f32[2,3]\ny = RESHAPE(x, [3,2])'));
    assert.ok(keeps('input x f32[2]\ny = EXPAND_DIMS(x, 0)'));
    assert.ok(keeps('input x f32[1,2]\ny = SQUEEZE(x)'));
    assert.ok(keeps('input x f32[2]\ny = BROADCAST_TO(x, [1,2])'));
    assert.ok(!keeps('input x f32[1]\ny = BROADCAST_TO(x, [2])'));
    assert.ok(keeps('input x f32[1,4,1,3]\ny = TRANSPOSE(x, [0,2,1,3])'));
    assert.ok(!keeps('input x f32[1,4,2,3]\ny = TRANSPOSE(x, [0,2,1,3])'));
    assert.ok(keeps('input x f32[2]\ny = MUL(x, 1.0)'));
    assert.ok(!keeps('input x f32[2]\ny = MUL(x, 2.0)'));
    assert.ok(!keeps('input x f32[2]\ny = NEG(x)'));
  });

  it('through walks up and tells what it passed', () => {
    const { value } = textGraph(
      'input x f32[2,1]\na = NEG(x)\nb = RESHAPE(a, [2])\nc = MUL(1.0, b)\ny = RESHAPE(c, [1,2])',
    );
    const seen = new Set([value('y').producer!]);
    assert.equal(through(value('y'), seen), value('a'));
    assert.deepEqual([...seen].map(({ output }) => output!.name).sort(), ['b', 'c', 'y']);
    assert.equal(through(value('x')), value('x'));
  });

  it('lastAxisSlice: the range on the last axis when all others are whole', () => {
    const range = (text: string) => {
      const found = lastAxisSlice(op(`input x f32[2,6]\n${text}`));
      return found && [found.begin, found.end];
    };
    assert.deepEqual(range('y = STRIDED_SLICE(x, [0,2], [2,5], [1,1])'), [2, 5]);
    assert.deepEqual(range('y = STRIDED_SLICE(x, [0,-2], [2,99], [1,1])'), [4, 6]);
    assert.deepEqual(range('y = STRIDED_SLICE(x, [1,1], [1,1], [1,1]) beginMask=3 endMask=3'), [0, 6]);
    assert.equal(range('y = STRIDED_SLICE(x, [1,0], [2,3], [1,1])'), undefined);
    assert.equal(range('y = STRIDED_SLICE(x, [0,0], [2,6], [1,2])'), undefined);
    assert.equal(range('y = STRIDED_SLICE(x, [0,0], [1,6], [1,1]) shrinkAxisMask=1'), undefined);
    assert.equal(range('y = STRIDED_SLICE(x, [0,0], [2,3], [1,1]) offset=true'), undefined);
    assert.equal(range('y = NEG(x)'), undefined);
  });

  it('swapsLastTwo', () => {
    assert.ok(swapsLastTwo(op('input x f32[1,2,3]\ny = TRANSPOSE(x, [0,2,1])')));
    assert.ok(!swapsLastTwo(op('input x f32[1,2,3]\ny = TRANSPOSE(x, [1,0,2])')));
    assert.ok(!swapsLastTwo(op('input x f32[1,2,3]\ninput p i32[3]\ny: f32[1,3,2] = TRANSPOSE(x, p)')));
  });

  it('eitherOrder takes the first order that fits', () => {
    const sum = op('input a f32[1]\ninput b f32[1]\ny = ADD(a, b)');
    assert.equal(
      eitherOrder(sum, (first) => (first.name === 'b' ? 'found' : undefined)),
      'found',
    );
    assert.equal(
      eitherOrder(sum, () => undefined),
      undefined,
    );
  });

  it('attempt turns a Mismatch into a reason and lets other errors through', () => {
    assert.deepEqual(
      attempt(() => 5),
      { ok: true, value: 5 },
    );
    const failed = attempt(() => {
      throw new Mismatch('no');
    });
    assert.deepEqual(failed, { ok: false, reason: 'no', op: null });
    assert.throws(
      () =>
        attempt(() => {
          throw new TypeError('bug');
        }),
      TypeError,
    );
  });
});
