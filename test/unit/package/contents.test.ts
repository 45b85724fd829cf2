import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GgmaError } from '../../../lib/errors.ts';
import { readContents } from '../../../lib/package/contents.ts';
import { lilyDir } from '../../support/lily.ts';

const config = {
  model_type: 'llama',
  hidden_size: 64,
  num_hidden_layers: 8,
  num_attention_heads: 16,
  num_key_value_heads: 4,
  vocab_size: 1024,
  max_position_embeddings: 2048,
  eos_token_id: 2,
};

describe('package/contents', () => {
  let root: string;
  let made = 0;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'ggma package ü '));
  });
  after(() => rm(root, { recursive: true }));

  async function directory(files: Record<string, unknown>): Promise<string> {
    const dir = join(root, `${made++}`);
    await mkdir(dir);
    for (const [name, content] of Object.entries(files))
      await writeFile(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
    return dir;
  }

  const read = async (changes: Record<string, unknown>, generation?: unknown) => {
    const files = { 'model.circle': '', 'config.json': { ...config, ...changes } };
    return readContents(
      await directory(generation === undefined ? files : { ...files, 'generation_config.json': generation }),
    );
  };

  const refuses = (promise: Promise<unknown>, code: string, pattern: RegExp) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof GgmaError);
      assert.equal(error.code, code);
      assert.match(error.message, pattern);
      return true;
    });

  it('reads a whole package', async () => {
    const dir = await directory({
      'model.circle': '',
      'config.json': config,
      'tokenizer.model': '',
      'other.txt': '',
    });
    const contents = await readContents(dir);
    assert.equal(contents.model, join(dir, 'model.circle'));
    assert.equal(contents.sentencePiece, join(dir, 'tokenizer.model'));
    assert.equal(contents.tokenizerJson, null);
    assert.deepEqual(contents.eosIds, [2]);
    assert.deepEqual(contents.warnings, []);
    assert.deepEqual(contents.config, {
      modelType: 'llama',
      hiddenSize: 64,
      layers: 8,
      heads: 16,
      kvHeads: 4,
      headDim: 4,
      vocabSize: 1024,
      maxPositions: 2048,
      eosIds: [2],
    });
  });

  it('takes the model as bytes for a directory without one', async () => {
    const model = Uint8Array.of(1, 2, 3);
    const contents = await readContents(lilyDir, model);
    assert.equal(contents.model, model);
    assert.equal(contents.config.kvHeads, 16);
    assert.equal(contents.sentencePiece, join(lilyDir, 'tokenizer.model'));
  });

  it('fault 1: PACKAGE_NOT_FOUND names the path', async () => {
    const dir = await directory({ file: 'x' });
    await refuses(readContents(join(dir, 'nowhere')), 'PACKAGE_NOT_FOUND', /ENOENT/);
    await refuses(readContents(join(dir, 'file')), 'PACKAGE_NOT_FOUND', /directory, got a file/);
    await refuses(readContents(join(dir, 'file', 'below')), 'PACKAGE_NOT_FOUND', /ENOTDIR/);
    await assert.rejects(readContents(join(dir, 'nowhere')), { path: join(dir, 'nowhere') });
  });

  it('fault 2: PACKAGE_INCOMPLETE lists what is missing', async () => {
    await refuses(
      readContents(await directory({})),
      'PACKAGE_INCOMPLETE',
      /missing model.circle and config.json/,
    );
    const onlyConfig = await directory({ 'config.json': config });
    await refuses(readContents(onlyConfig), 'PACKAGE_INCOMPLETE', /missing model.circle$/);
    await refuses(
      readContents(await directory({ 'model.circle': '' })),
      'PACKAGE_INCOMPLETE',
      /missing config.json$/,
    );
  });

  it('fault 3: CONFIG for files that are no strict JSON', async () => {
    for (const text of ['', '\ufeff{}', '{} x', '[]', '{"__proto__": {}}', '{"a": 1, "a": 2}']) {
      const dir = await directory({ 'model.circle': '', 'config.json': text });
      await refuses(readContents(dir), 'CONFIG', /line 1, column \d/);
    }
    const dir = await directory({ 'model.circle': '', 'config.json': config, 'generation_config.json': '{' });
    await assert.rejects(readContents(dir), { code: 'CONFIG', path: join(dir, 'generation_config.json') });
  });

  it('fault 4: CONFIG names field, value and rule', async () => {
    const wrong: [Record<string, unknown>, RegExp][] = [
      [{ hidden_size: undefined }, /integer from 1 to 16777216 for hidden_size, got nothing/],
      [{ hidden_size: 0 }, /for hidden_size, got 0/],
      [{ hidden_size: -64 }, /for hidden_size, got -64/],
      [{ hidden_size: 64.5 }, /for hidden_size, got 64.5/],
      [{ hidden_size: 1e9 }, /for hidden_size, got 1000000000/],
      [{ hidden_size: '64' }, /for hidden_size, got "64"/],
      [{ num_hidden_layers: null }, /for num_hidden_layers, got null/],
      [{ num_attention_heads: 7 }, /divisor of hidden_size 64 for num_attention_heads, got 7/],
      [{ num_key_value_heads: 3 }, /divisor of num_attention_heads 16 for num_key_value_heads, got 3/],
      [{ num_key_value_heads: 32 }, /num_key_value_heads, got 32/],
      [{ head_dim: 0 }, /for head_dim, got 0/],
      [{ vocab_size: [1024] }, /for vocab_size, got \[1024\]/],
      [{ model_type: 7 }, /a string for model_type, got 7/],
      [{ max_position_embeddings: -1 }, /max_position_embeddings, got -1/],
      [{ eos_token_id: 1024 }, /token ids from 0 to 1023 for eos_token_id, got 1024/],
      [{ eos_token_id: [2, -1] }, /eos_token_id, got \[2,-1\]/],
      [{ eos_token_id: '2' }, /eos_token_id, got "2"/],
      [{ eos_token_id: { id: 2 } }, /eos_token_id, got \{"id":2\}/],
    ];
    for (const [changes, pattern] of wrong) await refuses(read(changes), 'CONFIG', pattern);
    await refuses(read({}, { eos_token_id: 4096 }), 'CONFIG', /eos_token_id, got 4096/);
  });

  it('fills in what a config may leave out', async () => {
    const { config: filled } = await read({
      num_key_value_heads: undefined,
      max_position_embeddings: undefined,
      model_type: undefined,
    });
    assert.deepEqual(
      [filled.kvHeads, filled.headDim, filled.maxPositions, filled.modelType],
      [16, 4, null, null],
    );
    const explicit = await read({ head_dim: 100, num_attention_heads: 12 });
    assert.equal(explicit.config.headDim, 100, 'head_dim need not be hidden_size / heads');
  });

  it('takes what generation_config.json recommends for sampling', async () => {
    assert.deepEqual((await read({})).sampling, {});
    const said = { do_sample: true, temperature: 0.6, top_k: 50, top_p: 0.9, repetition_penalty: 1.1 };
    assert.deepEqual((await read({}, { ...said, min_p: null })).sampling, {
      ...{ temperature: 0.6, topK: 50, topP: 0.9, repeatPenalty: 1.1 },
    });
    await refuses(
      read({}, { temperature: 'hot' }),
      'CONFIG',
      /a number from 0 to 100 for temperature, got "hot"/,
    );
    await refuses(read({}, { top_p: 1.5 }), 'CONFIG', /top_p, got 1.5/);
  });

  it('fault 6: takes the end-of-sequence ids from generation_config.json, then config.json', async () => {
    assert.deepEqual((await read({ eos_token_id: [2, 7, 2] })).eosIds, [2, 7]);
    assert.deepEqual((await read({}, { eos_token_id: [3, 4] })).eosIds, [3, 4]);
    assert.deepEqual((await read({}, { bos_token_id: 1 })).eosIds, [2]);
    assert.deepEqual((await read({}, { eos_token_id: null })).eosIds, [2]);
    for (const none of [undefined, null, []]) {
      const { eosIds, warnings } = await read({ eos_token_id: none });
      assert.deepEqual(eosIds, []);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /no eos_token_id/);
    }
  });
});
