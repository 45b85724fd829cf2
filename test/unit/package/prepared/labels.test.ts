import assert from 'node:assert/strict';
import { decodeLabels, encodeLabels } from '../../../../lib/package/prepared/labels.ts';

describe('package/prepared/labels', () => {
  it('come back as they were', () => {
    const labels = [
      { layer: 'layers.0', part: 'mlp.ünï' },
      { layer: '', part: '' },
    ];
    assert.deepEqual(decodeLabels(encodeLabels(labels)), labels);
  });

  it('are none in a damaged file', () => {
    for (const text of ['', '{', '{}', 'null', '[1]', '[["a"]]', '[["a",1]]', '[["a","b","c"]]'])
      assert.deepEqual(decodeLabels(Buffer.from(text)), [], text);
  });
});
