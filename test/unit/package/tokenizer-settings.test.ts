import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTokenizerFiles } from '../../../lib/package/tokenizer-settings.ts';
import { noSettings } from '../../../lib/text/index.ts';

describe('package/tokenizer-settings', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ggma-settings-'));
  });
  afterEach(() => rm(dir, { recursive: true }));
  const read = async () => readTokenizerFiles(dir, new Set(await readdir(dir)), 32);

  it('reads the three files, or none', async () => {
    assert.deepEqual((await read()).settings, { ...noSettings, maxIds: 32 });
    await writeFile(join(dir, 'tokenizer_config.json'), '{"eos_token": "</s>", "chat_template": "x"}');
    await writeFile(
      join(dir, 'special_tokens_map.json'),
      '{"eos_token": "no", "bos_token": {"content": "<s>"}}',
    );
    await writeFile(join(dir, 'added_tokens.json'), '{"<|end|>": 9}');
    const { settings, config } = await read();
    assert.deepEqual([settings.bosToken, settings.eosToken], ['<s>', '</s>']);
    assert.deepEqual(
      settings.added.map(({ content, id }) => [content, id]),
      [['<|end|>', 9]],
    );
    assert.equal(config.chat_template, 'x');
  });

  it('CONFIG for what is no JSON, or cannot be read', async () => {
    await writeFile(join(dir, 'special_tokens_map.json'), '{');
    await assert.rejects(read(), { code: 'CONFIG', path: join(dir, 'special_tokens_map.json') });
    await assert.rejects(readTokenizerFiles(dir, new Set(['tokenizer_config.json']), 32), {
      code: 'CONFIG',
      path: join(dir, 'tokenizer_config.json'),
    });
  });
});
