import assert from 'node:assert/strict';
import { readShardIndex } from '../../../lib/checkpoint/index.ts';

const read = (content: unknown) => readShardIndex(Buffer.from(JSON.stringify(content)), 'index.json');

describe('checkpoint/shard-index', () => {
  it('names each file once, and the file of each tensor', () => {
    const { files, fileOf } = read({
      metadata: { total_size: 7 },
      weight_map: { a: '2.safetensors', b: '1.safetensors', c: '2.safetensors' },
    });
    assert.deepEqual(files, ['2.safetensors', '1.safetensors']);
    assert.deepEqual([...fileOf.keys()], ['a', 'b', 'c']);
    assert.equal(fileOf.get('c'), '2.safetensors');
  });

  it('fault 9: refuses indexes without tensors, and names that lead out of the folder', () => {
    for (const content of [{}, { weight_map: [] }, { weight_map: {} }, { weight_map: 'x' }])
      assert.throws(() => read(content), { code: 'SHARD', path: 'index.json' });
    for (const name of ['../a.safetensors', '/a.safetensors', 'a\\b.safetensors', 'a.bin', '', 7, null])
      assert.throws(() => read({ weight_map: { a: name } }), { code: 'PATH_ESCAPE' }, String(name));
    assert.throws(() => read([]), { code: 'CONFIG' });
  });
});
