import assert from 'node:assert/strict';
import { noSettings, readTokenizerSettings } from '../../../lib/text/index.ts';

describe('text/settings', () => {
  it('reads tokens and switches, in the forms that files have them', () => {
    const config = {
      bos_token: { content: '<s>', lstrip: false },
      eos_token: '</s>',
      pad_token: null,
      add_bos_token: true,
      add_eos_token: false,
      legacy: null,
      chat_template: '{{ messages }}',
      added_tokens_decoder: {
        '32': { content: '<|user|>', special: true, rstrip: true },
        '33': { content: '\n\n', special: false, single_word: true },
      },
    };
    const specialTokensMap = { bos_token: '<other>', unk_token: { content: '<unk>' } };
    assert.deepEqual(readTokenizerSettings({ config, specialTokensMap }, 'dir'), {
      ...noSettings,
      bosToken: '<s>',
      eosToken: '</s>',
      unkToken: '<unk>',
      addBos: true,
      addEos: false,
      added: [
        {
          id: 32,
          content: '<|user|>',
          special: true,
          stripsLeft: false,
          stripsRight: true,
          matchesOddly: true,
        },
        {
          id: 33,
          content: '\n\n',
          special: false,
          stripsLeft: false,
          stripsRight: false,
          matchesOddly: true,
        },
      ],
    });
    assert.deepEqual(readTokenizerSettings({}, 'dir'), noSettings);
  });

  it('added_tokens.json counts where tokenizer_config.json has no list', () => {
    const addedTokens = { '<|end|>': 7 };
    const contents = (config: object) =>
      readTokenizerSettings({ config, addedTokens }, 'dir').added.map(({ content, id }) => [content, id]);
    assert.deepEqual(contents({}), [['<|end|>', 7]]);
    assert.deepEqual(contents({ added_tokens_decoder: { '8': { content: 'x' } } }), [['x', 8]]);
    assert.deepEqual(contents({ added_tokens_decoder: {} }), []);
  });

  it('says in which file what is wrong', () => {
    const refuses = (files: object, file: string, message: RegExp) =>
      assert.throws(() => readTokenizerSettings(files, 'dir'), {
        code: 'CONFIG',
        path: `dir: ${file}`,
        message,
      });
    const config = 'tokenizer_config.json';
    refuses({ config: [] }, config, /a JSON object/);
    refuses({ config: { add_bos_token: 'yes' } }, config, /true or false for add_bos_token, got "yes"/);
    refuses({ config: { eos_token: 7 } }, config, /a text for eos_token, got 7/);
    refuses({ config: { eos_token: { content: [] } } }, config, /a text for eos_token, got \[\]/);
    refuses({ config: { added_tokens_decoder: [] } }, config, /an object for added_tokens_decoder/);
    refuses(
      { config: { added_tokens_decoder: { '1.5': { content: 'x' } } } },
      config,
      /an id .*"x", got 1.5/,
    );
    refuses({ config: { added_tokens_decoder: { '-1': { content: 'x' } } } }, config, /got -1/);
    refuses({ config: { added_tokens_decoder: { '1': { content: '' } } } }, config, /"content"/);
    refuses({ specialTokensMap: { eos_token: 7 } }, 'special_tokens_map.json', /a text for eos_token/);
    refuses({ addedTokens: { x: 'y' } }, 'added_tokens.json', /an id .*"x", got y/);
    refuses({ addedTokens: { x: 2 ** 30 } }, 'added_tokens.json', /an id from 0 to 1048575/);
  });
});
