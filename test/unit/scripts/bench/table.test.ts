import assert from 'node:assert/strict';
import { figuresTable, textTable } from '../../../../scripts/bench/table.ts';

describe('bench/table', () => {
  it('has every column of every row, numbers to the right, and nothing cut', () => {
    const rows = [
      { model: 'T0', 'tokens/s': 9567, note: 'x'.repeat(200) },
      { model: 'SmolLM', 'tokens/s': 88.5 },
    ];
    assert.deepEqual(textTable(rows).split('\n'), [
      'model   tokens/s  note',
      `T0          9567  ${'x'.repeat(200)}`,
      'SmolLM      88.5',
    ]);
  });

  it('writes figures by name, nested and alone', () => {
    assert.equal(
      figuresTable({ 'bare node': 21, start: 88 }),
      'what       value\nbare node     21\nstart         88',
    );
    assert.equal(
      figuresTable({ ggma: { tg128: 5 }, 'llama-bench': { absent: 'no model' } }),
      'what         tg128  absent\nggma             5\nllama-bench         no model',
    );
  });
});
