import assert from 'node:assert/strict';
import { TensorType } from '../../../../lib/circle/index.ts';
import { evaluate } from '../../../../lib/ir/evaluate/index.ts';
import { gives } from '../../../support/evaluated.ts';
import { textGraph } from '../../../support/text-graph.ts';

describe('ir/evaluate, element by element', () => {
  it('broadcasts as TFLite does', () => {
    gives(
      'const a f32[2,1] = 1 2\nconst b f32[3] = 10 20 30\ny = ADD(a, b)',
      [2, 3],
      [11, 21, 31, 12, 22, 32],
    );
    gives('const a f32[] = 6\nconst b f32[1,2] = 2 3\ny = DIV(a, b)', [1, 2], [3, 2]);
    gives('const a f32[2] = 5 7\nconst b f32[2] = 1 2\ny = SUB(a, b)', [2], [4, 5]);
    gives('const a f32[2] = 2 3\nconst b f32[2] = 3 2\ny = POW(a, b)', [2], [8, 9]);
    gives('const a f32[2] = 2 3\nconst b f32[2] = 3 2\ny = MAXIMUM(a, b)', [2], [3, 3]);
    gives('const a f32[2] = 2 3\nconst b f32[2] = 3 2\ny = MINIMUM(a, b)', [2], [2, 2]);
  });

  it('knows the functions of one number', () => {
    const cases: [string, number, number][] = [
      ['NEG', 2, -2],
      ['ABS', -2, 2],
      ['RSQRT', 4, 0.5],
      ['SQRT', 9, 3],
      ['SQUARE', -3, 9],
      ['EXP', 1, Math.E],
      ['SIN', 1, 0.8414709848],
      ['COS', 1, 0.5403023059],
      ['TANH', 1, 0.761594156],
      ['LOGISTIC', 1, 0.7310585786],
      ['RELU', -1, 0],
      ['GELU', 1, 0.8413447461],
      ['GELU', -3, -0.0040496941],
    ];
    for (const [name, x, y] of cases) gives(`const x f32[1] = ${x}\ny = ${name}(x)`, [1], [y]);
    gives('const x f32[1] = 1\ny = GELU(x) approximate=true', [1], [0.8411919906]);
  });

  it('computes integers exactly, 64 bits wide', () => {
    const { graph, value } = textGraph('input a i64[1]\ninput b i64[1]\ny = MUL(a, b)\noutput y');
    const big = { type: TensorType.INT64, shape: [1], data: BigInt64Array.of(3_037_000_499n) };
    const y = evaluate(graph, new Map([...graph.inputs].map((input) => [input, big]))).get(value('y'))!;
    assert.deepEqual(y.data, BigInt64Array.of(3_037_000_499n ** 2n));
    gives('const a i32[2] = 7 -7\nconst b i32[] = 2\ny = DIV(a, b)', [2], [3, -3]);
    gives('const a i32[1] = 5\ny = NEG(a)', [1], [-5]);
    gives('const a i64[2] = 5 -8\nconst b i64[2] = 3 2\ny = MINIMUM(a, b)', [2], [3, -8]);
    gives('const a i64[2] = 5 -8\nconst b i64[2] = 3 2\ny = MAXIMUM(a, b)', [2], [5, 2]);
  });

  it('compares and chooses', () => {
    const operands = 'const a i64[3] = 1 2 3\nconst b i64[1] = 2\n';
    gives(`${operands}y = GREATER(a, b)`, [3], [0, 0, 1]);
    gives(`${operands}y = GREATER_EQUAL(a, b)`, [3], [0, 1, 1]);
    gives(`${operands}y = LESS(a, b)`, [3], [1, 0, 0]);
    gives(`${operands}y = LESS_EQUAL(a, b)`, [3], [1, 1, 0]);
    gives(`${operands}y = EQUAL(a, b)`, [3], [0, 1, 0]);
    gives(`${operands}y = NOT_EQUAL(a, b)`, [3], [1, 0, 1]);
    const bools = 'const a bool[2] = 1 0\nconst b bool[2] = 1 1\n';
    gives(`${bools}y = LOGICAL_AND(a, b)`, [2], [1, 0]);
    gives(`${bools}y = LOGICAL_OR(a, b)`, [2], [1, 1]);
    gives(`${bools}y = LOGICAL_NOT(a)`, [2], [0, 1]);
    gives('const c bool[2,1] = 1 0\nconst a f32[2] = 1 2\ny = SELECT_V2(c, a, 9.0)', [2, 2], [1, 2, 9, 9]);
  });

  it('casts: floats are cut, truth is not zero', () => {
    gives('const a f32[3] = 1.7 -1.7 0\ny = CAST(a) outDataType=i32', [3], [1, -1, 0]);
    gives('const a f32[3] = 1.7 -1.7 0\ny = CAST(a) outDataType=i64', [3], [1, -1, 0]);
    gives('const a f32[3] = 0.5 -1 0\ny = CAST(a) outDataType=bool', [3], [1, 1, 0]);
    gives('const a i64[2] = 3 -4\ny = CAST(a) outDataType=f32', [2], [3, -4]);
    gives('const a bool[2] = 1 0\ny = CAST(a) outDataType=f32', [2], [1, 0]);
  });

  it('applies the activation that an operator carries', () => {
    const operands = 'const a f32[3] = -2 0.5 9\n';
    gives(`${operands}y = MUL(a, 1.0) fusedActivationFunction=1`, [3], [0, 0.5, 9]);
    gives(`${operands}y = ADD(a, 0.0) fusedActivationFunction=2`, [3], [-1, 0.5, 1]);
    gives(`${operands}y = SUB(a, 0.0) fusedActivationFunction=3`, [3], [0, 0.5, 6]);
    gives(`${operands}y = DIV(a, 1.0) fusedActivationFunction=4`, [3], [Math.tanh(-2), Math.tanh(0.5), 1]);
  });
});
