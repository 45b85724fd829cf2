import assert from 'node:assert/strict';
import { runWords, type WordsSpec } from '../../../../lib/cli/common/words.ts';
import { version } from '../../../../lib/version.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';

const spec: WordsSpec = {
  name: 'tool',
  before: ['Usage: tool WORD'],
  after: ['More.'],
  words: [
    {
      name: 'greet',
      usage: 'greet NAME',
      summary: 'say hello',
      load: async () => async (argv, streams) => {
        streams.stdout.write(`hello ${argv.join('+')}\n`);
        return 7;
      },
    },
  ],
};

async function run(argv: readonly string[], changes: Partial<WordsSpec> = {}) {
  const streams = fakeStreams();
  const code = await runWords({ ...spec, ...changes }, argv, streams);
  return { code, out: streams.out(), err: streams.err() };
}

describe('a command of words', () => {
  it('hands the rest of the line to the word, and returns its exit code', async () => {
    assert.deepEqual(await run(['greet', '--loud', 'x']), { code: 7, out: 'hello --loud+x\n', err: '' });
  });

  it('lists the words, and has a version', async () => {
    const help = 'Usage: tool WORD\n\n  greet NAME  say hello\n\nMore.\n';
    for (const word of ['--help', '-h']) assert.deepEqual(await run([word]), { code: 0, out: help, err: '' });
    assert.equal((await run(['-h'], { after: [] })).out, help.replace('\nMore.\n', ''));
    assert.equal((await run([], { bareIsHelp: true })).out, help);
    assert.equal((await run(['--version'])).out, `tool v${version}\n`);
  });

  it('refuses other words, and none where none has a meaning', async () => {
    const err = (got: string) => `ggma: USAGE: expected one of greet, got ${got} (tool --help)\n`;
    assert.deepEqual(await run(['walk']), { code: 2, out: '', err: err('walk') });
    assert.deepEqual(await run([]), { code: 2, out: '', err: err('nothing') });
  });

  it('ends quietly when the reader of its help has gone, and says that a disk is full', async () => {
    for (const [code, expected, said] of [
      ['EPIPE', 0, /^$/],
      ['ENOSPC', 1, /^ggma: OUTPUT: /],
    ] as const) {
      const streams = fakeStreams(Object.assign(new Error('no'), { code }));
      assert.equal(await runWords(spec, ['-h'], streams), expected);
      assert.match(streams.err(), said);
    }
  });
});
