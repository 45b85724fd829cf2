import assert from 'node:assert/strict';
import { Fields } from '../../lib/fields.ts';
import type { JsonObject } from '../../lib/json.ts';
import { readSizes } from '../../lib/model-sizes.ts';

describe('model-sizes', () => {
  const config: JsonObject = {
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    num_key_value_heads: 1,
    vocab_size: 10,
  };
  const read = (changes: JsonObject = {}) => readSizes(new Fields({ ...config, ...changes }, 'config.json'));

  it('fills in kv heads and head_dim', () => {
    const sizes = { hiddenSize: 8, layers: 2, heads: 2, kvHeads: 1, headDim: 4, vocabSize: 10 };
    assert.deepEqual(read(), sizes);
    assert.deepEqual(read({ num_key_value_heads: null }), { ...sizes, kvHeads: 2 });
    assert.deepEqual(read({ head_dim: 3, hidden_size: 7 }), { ...sizes, headDim: 3, hiddenSize: 7 });
  });

  it('fault 4: refuses sizes that contradict each other, with field and rule', () => {
    const cases: [JsonObject, RegExp][] = [
      [{ hidden_size: 9 }, /a divisor of hidden_size 9 for num_attention_heads, got 2/],
      [
        { num_attention_heads: 4, num_key_value_heads: 3 },
        /a divisor of num_attention_heads 4 for num_key_value_heads, got 3/,
      ],
      [{ vocab_size: 0 }, /an integer from 1 .* for vocab_size, got 0/],
    ];
    for (const [changes, message] of cases) assert.throws(() => read(changes), { code: 'CONFIG', message });
  });
});
