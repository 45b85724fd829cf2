/** Files that GGML's own Python package has written (scripts/golden/gguf_files.py). */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vocabulary } from '../../../../lib/checkpoint/index.ts';
import { openGguf, readFloats } from '../../../../lib/checkpoint/index.ts';
import { scratchFolder } from '../../../support/checkpoint.ts';
import { root } from '../../../support/root.ts';

const golden = join(root, 'test/golden/gguf');
const { pieces, tensors } = JSON.parse(readFileSync(join(golden, 'tiny.json'), 'utf8')) as {
  pieces: string[];
  tensors: Record<string, { dtype: string; shape: number[]; sha256: string }>;
};

describe('checkpoint/gguf', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    scratch = scratchFolder();
  });
  afterEach(() => scratch.remove());

  function assertTiny(path: string): void {
    const checkpoint = openGguf(path);
    assert.deepEqual([...checkpoint.tensors.keys()].sort(), Object.keys(tensors).sort());
    for (const [name, { dtype, shape, sha256 }] of Object.entries(tensors)) {
      const tensor = checkpoint.tensors.get(name)!;
      assert.deepEqual([tensor.dtype.name, tensor.shape], [dtype, shape], name);
      const bytes = new Uint8Array(readFloats(tensor).buffer);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), sha256, name);
    }
    assert.deepEqual(checkpoint.config, {
      model_type: 'llama',
      hidden_size: 64,
      intermediate_size: 32,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      head_dim: 16,
      vocab_size: 24,
      max_position_embeddings: 128,
      rms_norm_eps: 1e-5,
      tie_word_embeddings: true,
      bos_token_id: 1,
      eos_token_id: [2, 7],
      rope_theta: 500_000,
      attention_bias: false,
      mlp_bias: false,
    });
  }

  it('reads tensors of all kinds, with the rows of q and k in order, and says in config.json’s words what it is', () => {
    assertTiny(join(golden, 'tiny.gguf'));
  });

  it('reads version 2', () => {
    const bytes = readFileSync(join(golden, 'tiny.gguf'));
    bytes.writeUInt32LE(2, 4);
    const path = join(scratch.path, 'two.gguf');
    writeFileSync(path, bytes);
    assertTiny(path);
  });

  it('reads a split file, whichever part is named', () => {
    for (const i of [1, 2, 3]) assertTiny(join(golden, `tiny-0000${i}-of-00003.gguf`));
  });

  it('has the tokenizer and the chat templates', () => {
    const { tokenizer, templates, normsIncludeOne } = openGguf(join(golden, 'tiny.gguf'));
    const vocabulary = tokenizer as Vocabulary;
    assert.deepEqual(vocabulary.pieces, pieces);
    assert.deepEqual([...vocabulary.scores!].slice(0, 3), [-0, -1, -2]);
    assert.deepEqual([...vocabulary.kinds!].slice(0, 8), [2, 3, 3, 6, 6, 6, 6, 1]);
    const { model, pre, merges, bosId, eosIds, unknownId, paddingId, addsBos, addsEos, addsSpacePrefix } =
      vocabulary;
    assert.deepEqual(
      { model, pre, merges, bosId, eosIds, unknownId, paddingId, addsBos, addsEos, addsSpacePrefix },
      {
        ...{ model: 'llama', pre: 'default', merges: null, bosId: 1, eosIds: [2, 7], unknownId: 0 },
        ...{ paddingId: null, addsBos: true, addsEos: false, addsSpacePrefix: false },
      },
    );
    assert.deepEqual(
      [...templates()],
      [
        ['default', '{{ messages }}'],
        ['tool_use', '{{ tools }}'],
      ],
    );
    assert.ok(normsIncludeOne);
  });

  describe('split files', () => {
    const part = (i: number, of = 3) => `tiny-0000${i}-of-0000${of}.gguf`;
    const refused = (message: RegExp) => ({ code: 'GGUF_SPLIT', message });
    let dir = '';
    beforeEach(() => {
      dir = join(scratch.path, 'split');
      mkdirSync(dir);
    });
    const put = (from: number, to = part(from)) => {
      copyFileSync(join(golden, part(from)), join(dir, to));
      return join(dir, to);
    };

    it('says which part is absent', () => {
      const first = put(1);
      put(3);
      assert.throws(() => openGguf(first), refused(/part 2 of 3, got none/));
      const alone = join(scratch.path, part(2));
      copyFileSync(join(golden, part(2)), alone);
      assert.throws(() => openGguf(alone), refused(/the first part '.*00001-of-00003\.gguf' beside it/));
    });

    it('refuses parts under other names, and of other files', () => {
      assert.throws(
        () => openGguf(put(1, 'model.gguf')),
        refused(/a name that ends in -00001-of-00003\.gguf/),
      );
      const first = put(1);
      put(2, part(3));
      put(2);
      assert.throws(
        () => openGguf(first),
        refused(/expected 2 and 3 for split\.no and split\.count, got 1 and 3/),
      );
      const other = put(2, part(1));
      assert.throws(() => openGguf(other), refused(/expected 0 and 3 for split\.no/));
    });

    it('refuses parts that together have too few tensors', () => {
      const first = put(1);
      put(2);
      put(3);
      const bytes = readFileSync(first);
      const key = bytes.indexOf('split.tensors.count') + 'split.tensors.count'.length;
      bytes.writeInt32LE(99, key + 4);
      writeFileSync(first, bytes);
      assert.throws(() => openGguf(first), refused(/expected 99 tensors in all parts/));
    });
  });
});
