import assert from 'node:assert/strict';
import { quantizationRows } from '../../../lib/view/quantization.ts';
import { textGraph } from '../../support/text-graph.ts';

const rowsOf = (attributes: string) =>
  quantizationRows(textGraph(`input x i8[16]${attributes}\ny = NEG(x)\noutput y`).value('x'));

describe('view/quantization', () => {
  it('shows scale, zero point and range, and nothing of a tensor without them', () => {
    assert.deepEqual(rowsOf(' {quantization={scale=[0.5] zeroPoint=[3] min=[-1] max=[2]}}'), [
      ['scale', '0.5'],
      ['zero point', '3'],
      ['quantized dimension', '0'],
      ['min', '-1'],
      ['max', '2'],
    ]);
    assert.deepEqual(rowsOf(''), []);
    assert.deepEqual(rowsOf(' {quantization={min=[-1]}}'), [['min', '-1']]);
  });

  it('shows the first ones of many scales, and how many there are', () => {
    const scales = Array.from({ length: 16 }, (_, i) => i + 1).join(', ');
    const [scale] = rowsOf(` {quantization={scale=[${scales}] quantizedDimension=0}}`);
    assert.deepEqual(scale, ['scale', '1, 2, 3, 4, 5, 6, 7, 8, … 16 in all']);
  });
});
