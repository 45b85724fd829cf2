import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { main } from '../../../../lib/cli/ggma_run.ts';
import { demoPackage } from '../../../support/demo-package.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';
import { need } from '../../../support/need.ts';
import { root } from '../../../support/root.ts';

const TEMPLATE = '{% for m in messages %}{{ m.content }}\n{% endfor %}';

describe('cli/chat', () => {
  let demo: { dir: string; remove(): void };
  before(() => {
    demo = demoPackage();
    writeFileSync(path.join(demo.dir, 'chat_template.jinja'), TEMPLATE);
  });
  after(() => demo.remove());

  async function run(input: string, ...words: string[]): Promise<{ code: number; out: string; err: string }> {
    const streams = fakeStreams(undefined, [Buffer.from(input)]);
    const code = await main([demo.dir, ...words], streams);
    return { code, out: streams.out(), err: streams.err() };
  }

  it('answers a message a line over a pipe, and remembers them', async () => {
    const { code, out, err } = await run(
      'Lily picked up a flower.\nThen she saw a dog.\n',
      '--chat',
      '-n',
      '6',
    );
    assert.deepEqual([code, err], [0, '']);
    const [first, second, ...rest] = out.split('\n');
    assert.deepEqual(rest, ['']);
    const alone = await run('Then she saw a dog.\n', '--chat', '-n', '6');
    assert.notEqual(second, alone.out.trimEnd(), 'the second answer knows the first message');
    assert.ok(first!.length > 5);
  });

  it('has commands, and takes several lines as one message', async () => {
    const saved = path.join(demo.dir, 'saved.json');
    const input = `Lily picked\\\nup a flower.\n/save ${saved}\n"""\nTwo\nlines\n"""\n/regenerate\n/reset\n/system S\n/nonsense\n/exit\nnot read\n`;
    const { code, out, err } = await run(input, '--chat', '-n', '3');
    assert.equal(code, 0, err);
    const messages = JSON.parse(readFileSync(saved, 'utf8')) as { role: string; content: string }[];
    assert.deepEqual(
      messages.map(({ role }) => role),
      ['user', 'assistant'],
    );
    assert.equal(messages[0]!.content, 'Lily picked\nup a flower.');
    const [, two, again, ...rest] = out.split('\n');
    assert.equal(two, again, 'nothing is drawn at random');
    assert.deepEqual(rest, ['']);
    assert.match(
      err,
      /2 messages written to .*\nbegun again\nbegun again\nexpected one of .*got \/nonsense\n$/,
    );
    const file = await run('', '--messages', saved, '-n', '3');
    assert.equal(file.code, 0, file.err);
    assert.ok(file.out.length > 1);
  });

  it('tells an error and goes on', async () => {
    const { code, out, err } = await run(
      `${'word '.repeat(3000)}\nLily picked up a flower.\n`,
      '--chat',
      '-n',
      '4',
    );
    assert.equal(code, 0);
    assert.match(err, /^ggma: CONTEXT_OVERFLOW: expected at most \d+ tokens/);
    assert.ok(out.trim().length > 4);
  });

  it('refuses words that contradict each other, and files that are no messages', async () => {
    for (const words of [
      ['--chat', '-p', 'x'],
      ['--chat', '--json'],
      ['--system', 'x'],
      ['-p', 'x', '--messages', 'y'],
    ]) {
      const { code, err } = await run('', ...words);
      assert.deepEqual([code, /^ggma: USAGE: expected/.test(err)], [2, true], words.join(' '));
    }
    const bad = path.join(demo.dir, 'bad.json');
    writeFileSync(bad, '{"role": "user"}');
    const { code, err } = await run('', '--messages', bad);
    assert.equal(code, 1);
    assert.match(err, /^ggma: INPUT: expected a list of messages/);
    assert.match(
      (await run('', '--messages', 'absent.json')).err,
      /^ggma: INPUT: expected a readable file of messages/,
    );
  });

  it('in a terminal Ctrl-C stops the answer, not the program; Ctrl-D ends it', async function () {
    need(this, 'script(1)');
    const bin = path.join(root, 'dist/bin/ggma_run.js');
    assert.ok(existsSync(bin));
    const command = `${process.execPath} ${bin} ${demo.dir} --chat --ignore-eos`;
    const child = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    const shows = async (pattern: RegExp, from = 0): Promise<number> => {
      for (let i = 0; i < 600; i++) {
        const found = pattern.exec(text.slice(from));
        if (found !== null) return from + found.index + found[0].length;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return assert.fail(`expected ${pattern} in ${JSON.stringify(text)}`);
    };
    await shows(/> /);
    child.stdin.write('Lily picked up a flower.\r');
    const answered = await shows(/flower\.[\s\S]*\w+ \w+/);
    child.stdin.write('\u0003');
    const stopped = await shows(/\d+ tokens, [\d.]+ tokens\/s/, answered);
    await shows(/> /, stopped);
    child.stdin.write('/reset\r');
    const reset = await shows(/begun again/, stopped);
    await shows(/> /, reset);
    child.stdin.write('\u0004');
    const [status] = (await once(child, 'exit')) as [number];
    assert.equal(status, 0);
  });
});
