import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ChatSession, partText } from '../../../../lib/cli/chat/session.ts';
import type { CreateChatOptions, Model, Part } from '../../../../lib/runtime/index.ts';

/** A model that only notes which conversations are begun and ended. */
function recorder() {
  const begun: CreateChatOptions[] = [];
  let closed = 0;
  const createChat = (options: CreateChatOptions) => {
    begun.push(options);
    const history = [{ role: 'user', content: `of conversation ${begun.length}` }];
    return { history, droppedMessages: 0, close: () => closed++ };
  };
  return { model: { createChat } as unknown as Model, begun, closed: () => closed };
}

describe('a conversation by lines', () => {
  it('takes a line as a message, and several where they are marked', async () => {
    const session = new ChatSession(recorder().model, {});
    const all = async (...lines: string[]) => {
      let last: unknown;
      for (const line of lines) last = await session.line(line);
      return last;
    };
    assert.deepEqual(await all('hello'), { kind: 'say', text: 'hello' });
    assert.deepEqual(await all('one \\', 'two'), { kind: 'say', text: 'one \ntwo' });
    assert.deepEqual(await all('"""one', '/reset', 'two"""'), { kind: 'say', text: 'one\n/reset\ntwo' });
    assert.deepEqual(await all('one \\'), { kind: 'more' });
    assert.equal(session.discard(), true);
    assert.equal(session.discard(), false);
    assert.deepEqual(await all('   '), { kind: 'more' });
  });

  it('begins again with another system message, or with none', async () => {
    const { model, begun, closed } = recorder();
    const session = new ChatSession(model, { temperature: 0, system: 'first' });
    await session.line('/system You are a cat.');
    await session.line('/reset');
    await session.line('/system');
    assert.deepEqual(begun, [
      { temperature: 0, system: 'first' },
      { temperature: 0, system: 'You are a cat.' },
      { temperature: 0, system: 'You are a cat.' },
      { temperature: 0 },
    ]);
    assert.equal(closed(), 3);
  });

  it('saves the conversation as JSON messages, and says why it cannot', async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'ggma-chat-'));
    try {
      const session = new ChatSession(recorder().model, {});
      const file = path.join(dir, 'a.json');
      assert.deepEqual(await session.line(`/save ${file}`), {
        kind: 'note',
        text: `1 messages written to ${file}`,
      });
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), [
        { role: 'user', content: 'of conversation 1' },
      ]);
      const failed = await session.line(`/save ${dir}`);
      assert.ok(failed.kind === 'note' && failed.text.startsWith(`cannot write ${dir}: `));
      assert.deepEqual(await session.line('/save'), { kind: 'note', text: 'expected a file behind /save' });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('knows its other commands, and lists them for one it does not know', async () => {
    const session = new ChatSession(recorder().model, {});
    for (const line of ['/exit', '/quit']) assert.deepEqual(await session.line(line), { kind: 'exit' });
    assert.deepEqual(await session.line('/regenerate'), { kind: 'regenerate' });
    for (const line of ['/help', '/dance']) {
      const step = await session.line(line);
      assert.ok(step.kind === 'note');
      for (const name of ['system', 'reset', 'regenerate', 'save', 'exit'])
        assert.ok(step.text.includes(`/${name}`), `${line}: ${name}`);
    }
  });
});

describe('parts of an answer for people', () => {
  it('are apart from each other; thoughts are dim, a call has its name once', () => {
    const dim = (text: string) => `(${text})`;
    const text: Part = { type: 'text', text: 'Hi', ids: [] };
    const thought: Part = { type: 'reasoning', text: 'hm', ids: [] };
    const call: Part = { type: 'toolCall', index: 0, callId: 'a', name: 'f', arguments: '{"x":', ids: [] };
    const show = (...parts: Parameters<typeof partText>[0][]) =>
      parts.map((part, i) => partText(part, parts[i - 1] ?? null, dim)).join('');
    assert.equal(show(thought, thought, text, text), '(hm)(hm)\nHiHi');
    assert.equal(show(text, call, { ...call, arguments: '1}' }), 'Hi\n[f] {"x":1}');
    assert.equal(show(call, { ...call, index: 1, name: 'g' }), '[f] {"x":\n[g] {"x":');
  });
});
