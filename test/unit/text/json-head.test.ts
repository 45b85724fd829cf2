import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJsonHead } from '../../../lib/text/json-head.ts';

const head = { added_tokens: [] as object[], normalizer: null, pre_tokenizer: null, post_processor: null };
const model = { vocab: { a: 1 } };

describe('text/json-head', () => {
  let dir: string;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'ggma-head-'));
  });
  after(() => rm(dir, { recursive: true }));

  const read = async (text: string): Promise<unknown> => {
    const path = join(dir, 'tokenizer.json');
    await writeFile(path, text);
    return readJsonHead(path);
  };

  it('reads what stands before "model", however it is written', async () => {
    assert.deepEqual(await read(JSON.stringify({ ...head, model })), head);
    assert.deepEqual(await read(JSON.stringify({ ...head, model }, null, 2)), head);
    // What comes behind the key is not looked at.
    assert.deepEqual(await read(`${JSON.stringify(head).slice(0, -1)} , "model" : {"vocab": …`), head);
  });

  it('takes no other "model" for the key', async () => {
    const tricky = {
      ...head,
      added_tokens: [
        { content: 'model' },
        { content: '"model":' },
        { content: '\\' },
        { model: { x: ['model'] } },
      ],
      'mod\\el': 'model',
      models: 1,
      mode: 'model',
      'a"model': { model: 'model' },
    };
    assert.deepEqual(await read(JSON.stringify({ ...tricky, model })), tricky);
  });

  it('works wherever chunks end', async () => {
    for (let length = 65_300; length < 65_560; length += 7) {
      const long = { ...head, added_tokens: [{ content: 'é'.repeat(length / 2) + 'x'.repeat(length % 2) }] };
      assert.deepEqual(await read(JSON.stringify({ ...long, model })), long);
    }
  });

  it('leaves files to be read whole that have more behind the vocabulary, or are damaged', async () => {
    const { post_processor: _, ...others } = head;
    for (const text of [
      JSON.stringify({ ...others, model, post_processor: null }),
      JSON.stringify({ model, ...head }),
      JSON.stringify(head),
      '{"added_tokens": [}, "model": 1}',
      '["model"]',
      'junk',
      '',
    ])
      assert.equal(await read(text), null, text);
    await assert.rejects(readJsonHead(join(dir, 'missing')), { code: 'ENOENT' });
  });
});
