import assert from 'node:assert/strict';
import {
  activationOf,
  optionRows,
  portName,
  shapeText,
  shortName,
  titleOf,
  typeText,
} from '../../../lib/view/describe.ts';
import { textGraph } from '../../support/text-graph.ts';

const { graph, value } = textGraph(`
input x f32[1,4]
input s f32[]
input d f32[1,4] {shapeSignature=[1, -1]}
const w f32[4,4] = random 1
y = FULLY_CONNECTED(x, w, -) fusedActivationFunction=RELU6
t = CAST(y) inDataType=f32 outDataType=i32
u: f32[1] = CUSTOM:mine(y)
z = ADD(y, 1.0)
c: f32[1,4] = CALL(y) subgraph=1
output c
graph callee
input i f32[1,4]
o = NEG(i)
output o`);
const op = (name: string) => value(name).producer!;

describe('view/describe', () => {
  it('names operators, and custom ones by their own names', () => {
    assert.deepEqual([titleOf(op('y')), titleOf(op('u'))], ['FULLY_CONNECTED', 'mine']);
    assert.equal(graph.ops.length, 5);
  });

  it('writes shapes and types; a size that is known only at run time is a question mark', () => {
    assert.deepEqual(
      [shapeText(value('x')), shapeText(value('s')), shapeText(value('d'))],
      ['1×4', 'scalar', '1×?'],
    );
    assert.equal(typeText(value('t')), 'INT32 1×4');
  });

  it('takes the last part of a name that says where in a program it comes from', () => {
    assert.equal(shortName('torch.nn.modules.linear.Linear::linear_56'), 'linear_56');
    assert.equal(shortName('tico::p_model_norm_weight'), 'p_model_norm_weight');
    assert.equal(shortName('plain'), 'plain');
    assert.equal(shortName('odd::'), 'odd::');
  });

  it('shows options with the names of enums, and subgraphs by their names', () => {
    assert.deepEqual(Object.fromEntries(optionRows(op('y'))).fusedActivationFunction, 'RELU6');
    assert.deepEqual(optionRows(op('t')), [
      ['inDataType', 'FLOAT32'],
      ['outDataType', 'INT32'],
    ]);
    assert.deepEqual(optionRows(op('c')), [['subgraph', 'callee']]);
  });

  it('knows fused activations, and what an input is for', () => {
    assert.deepEqual([activationOf(op('y')), activationOf(op('z'))], ['RELU6', undefined]);
    assert.deepEqual(
      [0, 1, 2].map((i) => portName(op('y'), i)),
      ['input', 'weights', 'bias'],
    );
    assert.equal(portName(op('z'), 1), '1');
  });
});
