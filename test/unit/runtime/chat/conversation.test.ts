import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GgmaError } from '../../../../lib/errors.ts';
import { readConversation, readTokenizerFiles } from '../../../../lib/package/index.ts';
import { type ChatMessage, type ChatOptions, Conversation } from '../../../../lib/runtime/index.ts';
import { ResponseStage } from '../../../../lib/runtime/stages/index.ts';
import { needSharedDir } from '../../../support/need.ts';

const SOURCE =
  '{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for c in m.tool_calls or [] %}{{ c | tojson }}{% endfor %}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}';

function conversation(source: string | null = SOURCE, responseTemplate: unknown = null): Conversation {
  const chatTemplates = new Map(source === null ? [] : [['default', source]]);
  const files = { chatTemplates, bosToken: '<s>', eosToken: null, responseTemplate, path: 'here' };
  return new Conversation(files, ['<s>', '<|end|>', '<|user|>', '<|assistant|>', '<|tool|>', '<|system|>']);
}

const text = (messages: readonly ChatMessage[], options: ChatOptions = {}): string =>
  conversation().render(messages, options).text;

function refusal(messages: unknown, options: ChatOptions = {}, from = conversation()): GgmaError {
  try {
    from.render(messages as ChatMessage[], options);
  } catch (error) {
    return error as GgmaError;
  }
  return assert.fail('expected an error, got a text');
}

describe('runtime/chat', () => {
  it('writes messages by the template, with what comes before an answer', () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'S' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'U' },
          { type: 'text', text: '<s>' },
        ],
      },
    ];
    assert.equal(text(messages), '<s><|system|>S<|end|>\n<|user|>U<s><|end|>\n<|assistant|>');
    assert.equal(
      text(messages, { addGenerationPrompt: false }),
      '<s><|system|>S<|end|>\n<|user|>U<s><|end|>\n',
    );
    const { segments } = conversation().render(messages);
    assert.deepEqual(segments.slice(0, 6), [
      ...[
        { special: '<s>' },
        { special: '<|system|>' },
        { text: 'S' },
        { special: '<|end|>' },
        { text: '\n' },
      ],
      { special: '<|user|>' },
    ]);
    assert.deepEqual(segments[6], { text: 'U<s>' }, 'what a user writes is text');
  });

  it('takes tool calls as answers have them, and as the OpenAI API has them', () => {
    const call = (args: string | object) => ({
      id: 'c',
      type: 'function',
      function: { name: 'f', arguments: args },
    });
    const written = '{"id": "c", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}';
    for (const message of [
      { role: 'assistant', toolCalls: [call('{"a":1}')] },
      { role: 'assistant', content: null, tool_calls: [call({ a: 1 })] },
    ] as ChatMessage[])
      assert.equal(
        text([message, { role: 'tool', toolCallId: 'c', content: '2' }]),
        `<s><|assistant|>${written}<|end|>\n<|tool|>2<|end|>\n<|assistant|>`,
      );
  });

  it('continues the last message', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: 'U' },
      { role: 'assistant', content: 'Once upon ' },
    ];
    const options = { continueFinalMessage: true };
    assert.equal(text(messages, options), '<s><|user|>U<|end|>\n<|assistant|>Once upon ');
    const trimming = conversation('{% for m in messages %}{{ m.content | trim }}.{% endfor %}');
    assert.equal(trimming.render(messages, options).text, 'U.Once upon');
    assert.equal(refusal(messages.slice(0, 1), options).code, 'OPTION');
    assert.equal(refusal(messages, options, conversation('{{ messages[0].content }}')).code, 'TEMPLATE');
  });

  it('gives the template tools, documents, thinking and variables; a template of the caller goes first', () => {
    const chatTemplate = '{{ tools | tojson }} {{ documents | tojson }} {{ enable_thinking }} {{ effort }}';
    const options = {
      tools: [{ a: 1 }],
      documents: [{ d: 2 }],
      enableThinking: false,
      templateVariables: { effort: 'low' },
    };
    assert.equal(
      text([{ role: 'user', content: 'x' }], { ...options, chatTemplate }),
      '[{"a": 1}] [{"d": 2}] false low',
    );
  });

  it('refuses messages that cannot be, naming them', () => {
    const refused: [unknown, RegExp][] = [
      [[], /expected at least one message, got none/],
      [
        [{ role: 'bot', content: 'x' }],
        /one of system, developer, user, assistant, tool for messages\[0\]\.role, got "bot"/,
      ],
      [[{ content: 'x' }], /for messages\[0\]\.role, got nothing/],
      [[{ role: 'user' }], /expected a text for messages\[0\]\.content, got nothing/],
      [[{ role: 'user', content: 5 }], /for messages\[0\]\.content, got 5/],
      [[{ role: 'user', content: [{ type: 'image' }] }], /for messages\[0\]\.content\[0\], got/],
      [[{ role: 'user', content: 'x', images: [] }], /expected one of .* in messages\[0\], got images/],
      [[{ role: 'user', content: 'x' }, 'y'], /an object with role and content for messages\[1\], got "y"/],
      [[{ role: 'user', content: '', toolCalls: [] }], /messages of the assistant only/],
      [
        [{ role: 'assistant', toolCalls: [{ function: { name: 'f', arguments: '{' } }] }],
        /a JSON object, or the text of one/,
      ],
    ];
    for (const [messages, message] of refused) {
      const error = refusal(messages);
      assert.equal(error.code, 'INPUT');
      assert.match(error.message, message);
    }
  });

  it('says what to do where a package has no template', () => {
    const error = refusal([{ role: 'user', content: 'x' }], {}, conversation(null));
    assert.equal(error.code, 'UNSUPPORTED');
    assert.match(error.message, /got none: pass one \(option chatTemplate\), or a text as prompt/);
  });

  it('reads answers by the package’s own template, or by the one that its chat template teaches', () => {
    const messages: ChatMessage[] = [{ role: 'user', content: 'x' }];
    const own = { start_anchor: '<|assistant|>', fields: { said: { open: '[', close: ']' } } };
    const rendered = conversation(SOURCE, own).render(messages);
    assert.deepEqual([...rendered.response.fields.keys()], ['said']);
    assert.equal(rendered.answerPrompt, rendered.text);
    assert.deepEqual([...conversation().render(messages).response.fields.keys()], ['thinking', 'content']);
    const chatml = conversation("{{ messages[0].content }}{{ '<|im_start|>assistant\\n' }}");
    const { response, answerPrompt } = chatml.render(messages);
    assert.notEqual(answerPrompt, '');
    const reading = { template: response, prompt: answerPrompt, tools: [], callId: String };
    const [said] = new ResponseStage(reading).push([{ type: 'text', text: ' so', tokens: [] }]);
    assert.deepEqual(
      said,
      { type: 'text', text: 'so', tokens: [] },
      'nothing of the prompt is part of the answer',
    );
    const bad = refusal(messages, {}, conversation(SOURCE, { fields: {} }));
    assert.equal(bad.code, 'TEMPLATE');
    assert.match(bad.message, /expected a response_template that can be read, got: expected fields/);
  });

  it('renders what every family was trained on, from its directory', async function () {
    const families = join(needSharedDir(this), 'families');
    let seen = 0;
    for (const name of readdirSync(join(families, 'models'))) {
      const dir = join(families, 'models', name);
      const names = new Set(readdirSync(dir));
      const files = await readConversation(dir, names, await readTokenizerFiles(dir, names, 1024));
      if (files.chatTemplates.size === 0) continue;
      const known = new Conversation(files, []);
      const cases = JSON.parse(readFileSync(join(families, 'golden', name, 'chat.json'), 'utf8')) as {
        messages: ChatMessage[];
        add_generation_prompt: boolean;
        tools?: object[];
        kwargs?: Record<string, unknown>;
        text?: string;
      }[];
      for (const one of cases) {
        const options = {
          addGenerationPrompt: one.add_generation_prompt,
          ...(one.tools ? { tools: one.tools } : {}),
          ...(one.kwargs ? { templateVariables: one.kwargs } : {}),
        };
        if (one.text === undefined)
          assert.throws(() => known.render(one.messages, options), { code: 'TEMPLATE' });
        else assert.equal(known.render(one.messages, options).text, one.text, name);
        seen++;
      }
    }
    assert.ok(seen > 30, `${seen} conversations`);
  });
});
