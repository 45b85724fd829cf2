import assert from 'node:assert/strict';
import { runChat } from '../../../../lib/cli/chat/index.ts';
import { Invocation } from '../../../../lib/cli/common/index.ts';
import { open, story } from '../../../support/fake-model.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';

/** The demo was trained on stories, so its "chat" is text without marks. */
const conversation = {
  chatTemplates: new Map([['default', '{% for m in messages %}{{ m.content }}\n{% endfor %}']]),
  ...{ bosToken: '<s>', eosToken: '</s>', responseTemplate: null, path: 'test' },
};

/** What a conversation over a pipe prints. */
async function talk(lines: readonly string[]): Promise<{ out: string; err: string }> {
  const { model } = await open({ conversation, next: (history) => story[history.length % story.length]! });
  const streams = fakeStreams();
  const invocation = new Invocation({}, [], streams);
  (streams.stdin as NodeJS.ReadableStream & NodeJS.WritableStream).end(`${lines.join('\n')}\n`);
  try {
    await runChat(invocation, model, { maxTokens: 4, temperature: 0 });
  } finally {
    invocation.end();
    await model.close();
  }
  return { out: streams.out(), err: streams.err() };
}

describe('ggma_run --chat over a pipe', () => {
  it('answers each message with a line, and what is said shows nothing else', async () => {
    const { out, err } = await talk(['a', 'b']);
    assert.equal(err, '');
    assert.equal(out.split('\n').length, 3);
    assert.match(out, /^[^\n]+\n[^\n]+\n$/);
    // The second prompt holds the first answer, so a conversation that begins again answers as at first.
    const [first] = out.split('\n');
    assert.equal((await talk(['a', '/reset', 'a'])).out, `${first}\n${first}\n`);
  });

  it('tells notes and errors on standard error, and goes on', async () => {
    const { out, err } = await talk(['/dance', '/regenerate', 'a', '/exit', 'never said']);
    assert.match(err, /^expected one of \/system.*got \/dance\nggma: \w+: .+\n$/);
    assert.match(out, /^[^\n]+\n$/);
  });
});
