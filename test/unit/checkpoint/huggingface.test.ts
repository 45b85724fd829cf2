import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { notFinite, openHuggingFace } from '../../../lib/checkpoint/index.ts';
import { floatTensor, scratchFolder, tinyConfig, writeModelDir } from '../../support/checkpoint.ts';

describe('checkpoint/huggingface', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let dir = '';
  beforeEach(() => {
    scratch = scratchFolder();
    dir = writeModelDir(join(scratch.path, 'model'), tinyConfig, { a: floatTensor([2, 3]) });
  });
  afterEach(() => scratch.remove());
  const write = (name: string, content: unknown) =>
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));

  it('has configuration, tensors and the files of the tokenizer', () => {
    write('tokenizer.json', '{}');
    const { path, config, configPath, tensors, tokenizer, normsIncludeOne } = openHuggingFace(dir);
    assert.deepEqual([path, configPath], [dir, join(dir, 'config.json')]);
    assert.deepEqual({ ...config }, tinyConfig);
    assert.deepEqual([...tensors.keys()], ['a']);
    assert.equal(normsIncludeOne, false);
    assert.deepEqual(tokenizer, {
      kind: 'files',
      sentencePiece: null,
      tokenizerJson: join(dir, 'tokenizer.json'),
      tokenizerConfig: null,
    });
  });

  it('has templates by name, a file of its own before tokenizer_config.json', () => {
    const templates = () => [...openHuggingFace(dir).templates()];
    assert.deepEqual(templates(), []);
    write('tokenizer_config.json', { chat_template: 'one' });
    assert.deepEqual(templates(), [['default', 'one']]);
    const list = [
      { name: 'default', template: 'plain' },
      { name: 'tool_use', template: 'tools' },
    ];
    write('tokenizer_config.json', { chat_template: list });
    assert.deepEqual(templates(), [
      ['default', 'plain'],
      ['tool_use', 'tools'],
    ]);
    write('chat_template.json', { chat_template: 'older' });
    assert.deepEqual(new Map(templates()).get('default'), 'older');
    write('chat_template.jinja', 'newer');
    assert.deepEqual(new Map(templates()).get('default'), 'newer');
    for (const wrong of [7, [{ name: 'default' }], { template: 'x' }]) {
      write('tokenizer_config.json', { chat_template: wrong });
      assert.throws(templates, { code: 'CONFIG', message: /a text or a list of \{name, template\}/ });
    }
  });

  it('fault 11: finds tensors with values that are not finite, whatever their type', () => {
    const bytes = (words: Uint16Array | Float32Array | Int32Array) => new Uint8Array(words.buffer);
    const long = new Float32Array(2 ** 18 + 5);
    long[long.length - 1] = Number.NaN;
    writeModelDir(dir, tinyConfig, {
      fine: floatTensor([5]),
      nan: { dtype: 'F32', shape: [2 ** 18 + 5], bytes: bytes(long) },
      half: { dtype: 'F16', shape: [2], bytes: bytes(Uint16Array.of(0x3c00, 0xfc00)) },
      largest: { dtype: 'F16', shape: [1], bytes: bytes(Uint16Array.of(0x7bff)) },
      brain: { dtype: 'BF16', shape: [1], bytes: bytes(Uint16Array.of(0x7fc0)) },
      integer: { dtype: 'I32', shape: [1], bytes: bytes(Int32Array.of(-1)) },
      empty: { dtype: 'F32', shape: [0], bytes: new Uint8Array(0) },
    });
    const read: string[] = [];
    const found = [...notFinite(openHuggingFace(dir), (name) => read.push(name))];
    assert.deepEqual(found, ['nan', 'half', 'brain']);
    assert.equal(read.length, 7);
  });
});
