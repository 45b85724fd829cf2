import assert from 'node:assert/strict';
import { loadDemo } from '../../../../lib/make/index.ts';
import type { ChatMessage, Model, Part } from '../../../../lib/runtime/index.ts';
import { code, open, story } from '../../../support/fake-model.ts';

/** The demo was trained on stories, so its "chat" is text without marks. */
const chatTemplate = '{% for m in messages %}{{ m.content }}\n{% endfor %}';
const conversation = {
  ...{ chatTemplates: new Map([['default', chatTemplate]]), bosToken: '<s>', eosToken: '</s>' },
  ...{ responseTemplate: null, path: 'test' },
};

/** Answers every prompt with the story's first ids. */
async function chatting(contextSize = 2048) {
  return open({ conversation, contextSize, next: (history) => story[history.length % story.length]! });
}

async function say(chat: ReturnType<Model['createChat']>, text: string, maxTokens = 4): Promise<string> {
  const { text: answer } = await chat.send(text, { maxTokens }).complete();
  return answer;
}

const contents = (history: readonly ChatMessage[]) => history.map(({ role, content }) => [role, content]);

describe('runtime/chat: a conversation that goes on', () => {
  it('keeps what was said and answered', async () => {
    const { model } = await chatting();
    const chat = model.createChat({ system: 'S' });
    const first = await say(chat, 'a');
    const second = await say(chat, 'b');
    assert.deepEqual(contents(chat.history), [
      ...[
        ['system', 'S'],
        ['user', 'a'],
        ['assistant', first],
        ['user', 'b'],
        ['assistant', second],
      ],
    ]);
    chat.reset();
    assert.deepEqual(contents(chat.history), [['system', 'S']]);
    await model.close();
  });

  it('streams parts, and says the whole at the end', async () => {
    const { model } = await chatting();
    const reply = model.createChat().send('a', { maxTokens: 6 });
    const parts: Part[] = [];
    for await (const part of reply) parts.push(part);
    const { text, message, finishReason } = await reply.result;
    assert.equal(parts.map((part) => (part.type === 'text' ? part.text : '')).join(''), text);
    assert.deepEqual(message, { role: 'assistant', content: text });
    assert.equal(finishReason, 'length');
    await model.close();
  });

  it('answers again, and goes two ways from one point', async () => {
    const { model } = await chatting();
    const chat = model.createChat();
    const answer = await say(chat, 'a');
    const fork = chat.fork();
    const { text } = await chat.regenerate({ maxTokens: 4 }).complete();
    assert.equal(text, answer, 'nothing is drawn at random');
    assert.equal(chat.history.length, 2);
    await say(fork, 'b');
    assert.deepEqual([chat.history.length, fork.history.length], [2, 4]);
    assert.throws(() => model.createChat().regenerate(), code('INPUT', /a message to answer/));
    await model.close();
  });

  it('an answer that is left stays in the history as far as it came; one that fails does not', async () => {
    const { model } = await chatting();
    const chat = model.createChat();
    const reply = chat.send('a', { maxTokens: 100 });
    await reply.next();
    assert.throws(() => chat.send('b'), code('CHAT_BUSY', /an answer|last answer/));
    await reply.return();
    assert.deepEqual(
      chat.history.map(({ role }) => role),
      ['user', 'assistant'],
    );
    const before = chat.history;
    assert.throws(() => chat.send('c', { maxTokens: -1 }), code('OPTION', /maxTokens/));
    await model.close();
    assert.throws(() => chat.send('c'), code('DISPOSED', /closed/));
    chat.close();
    assert.deepEqual(chat.history, before);
  });

  it('drops whole turns, the oldest first and never the system’s message, and says how many messages', async () => {
    const { model } = await chatting(64);
    const chat = model.createChat({ system: 'Sys', overflow: 'drop-oldest-turns', maxTokens: 4 });
    for (let turn = 0; turn < 8; turn++) await say(chat, `Once upon a time number ${turn}`);
    assert.equal(chat.history.length, 17);
    assert.ok(chat.droppedMessages > 0 && chat.droppedMessages % 2 === 0, `${chat.droppedMessages} messages`);
    const kept = [chat.history[0]!, ...chat.history.slice(1 + chat.droppedMessages)];
    const one = model.render([chat.history[chat.droppedMessages - 1]!, ...kept]).ids.length;
    assert.ok(model.render(kept).ids.length <= 64, 'what was sent fits');
    assert.ok(one > 0);
    const strict = model.createChat({ messages: chat.history });
    assert.throws(() => strict.send('x', { maxTokens: 4 }), code('CONTEXT_OVERFLOW', /at most 64 tokens/));
    const long = model.createChat({ overflow: 'drop-oldest-turns' });
    assert.throws(() => long.send('word '.repeat(100)), code('CONTEXT_OVERFLOW', /at most 64/));
    await model.close();
  });

  it('refuses options that it does not know, and templates that are not there', async () => {
    const { model } = await chatting();
    assert.throws(() => model.createChat({ sytem: 'x' } as object), code('OPTION', /got sytem/));
    assert.throws(
      () => model.createChat({ overflow: 'truncate-left' as never }),
      code('OPTION', /drop-oldest-turns/),
    );
    assert.throws(
      () => model.generate('text', { tools: [{}] }),
      code('OPTION', /expected messages as prompt with tools/),
    );
    await model.close();
    const { model: plain } = await open();
    assert.throws(() => plain.createChat().send('x'), code('UNSUPPORTED', /no|none/));
    await plain.close();
  });

  describe('on the demo model', () => {
    let model: Model;
    before(async () => {
      model = await loadDemo({ threads: 1 });
    });
    after(() => model.close());

    it('computes only what is new, with the bits of a whole prompt', async () => {
      const options = { chatTemplate, maxTokens: 12, logprobs: 3 } as const;
      const chat = model.createChat(options);
      const turns = [
        'Lily picked up a flower and gave it to her grandma. Her grandma was very happy.',
        'Then she saw a dog.',
        'The dog was sad.',
      ];
      for (const [i, turn] of turns.entries()) {
        const answer = await chat.send(turn).complete();
        const whole = await model.chat(chat.history.slice(0, -1), options);
        assert.deepEqual(answer.ids, whole.ids);
        assert.deepEqual(answer.logprobs, whole.logprobs, 'every bit of every log-probability');
        assert.equal(whole.usage.cachedTokens, 0);
        // The answer's own ids may be spelled in another way when they come back as text; what is before them stays.
        if (i > 0) assert.ok(answer.usage.cachedTokens >= 16, JSON.stringify(answer.usage));
      }
      const fork = chat.fork();
      const { usage } = await fork.send('She gave it the flower.').complete();
      assert.ok(usage.cachedTokens >= 16, 'a fork begins with what its origin has');
    });

    it('gives memory back when a chat is closed', async () => {
      const before = model.memory();
      const chat = model.createChat({ chatTemplate, maxTokens: 4 });
      await chat.send('Lily picked up a flower.').complete();
      assert.ok(model.memory().kvBytes > before.kvBytes);
      chat.close();
      assert.equal(model.memory().kvBytes, before.kvBytes);
    });
  });
});
