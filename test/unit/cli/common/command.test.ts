import assert from 'node:assert/strict';
import process from 'node:process';
import {
  type CommandSpec,
  type Invocation,
  OutputClosed,
  refuseTerminalInput,
  refuseTerminalOutput,
  runCommand,
  UsageError,
} from '../../../../lib/cli/common/index.ts';
import { GgmaError } from '../../../../lib/errors.ts';
import { version } from '../../../../lib/version.ts';
import { type FakeStreams, fakeStreams } from '../../../support/fake-streams.ts';

const spec: CommandSpec = {
  name: 'probe',
  summary: 'Does nothing.',
  positionals: '[FILE]',
  count: [0, 1],
  options: {
    count: { type: 'string', short: 'c', value: 'N', help: 'how many' },
    text: { type: 'string', multiple: true, value: 'TEXT', help: 'some text' },
    fast: { type: 'boolean', help: 'hurry' },
  },
};

async function run(
  argv: string[],
  action: (invocation: Invocation) => Promise<number | undefined> = async () => undefined,
  streams: FakeStreams = fakeStreams(),
): Promise<{ code: number; out: string; err: string }> {
  const code = await runCommand(spec, argv, action, streams);
  return { code, out: streams.out(), err: streams.err() };
}

const failing = (error: unknown) => async (): Promise<number | undefined> => {
  throw error;
};

describe('cli/common', () => {
  it('hands over what the command line says', async () => {
    let seen: unknown;
    const result = await run(
      ['-c', '12', '--text=a', '--text', '', '--fast', '[1,2]'],
      async (invocation) => {
        const { positionals } = invocation;
        seen = [
          invocation.integer('count', 1, 20),
          invocation.texts('text'),
          invocation.flag('fast'),
          positionals,
        ];
        await invocation.write('data\n');
        await invocation.write(Uint8Array.of(65));
        await invocation.warn('careful');
        return undefined;
      },
    );
    assert.deepEqual(seen, [12, ['a', ''], true, ['[1,2]']]);
    assert.deepEqual(result, { code: 0, out: 'data\nA', err: 'ggma: warning: careful\n' });
    await run([], async (invocation) => {
      assert.equal(invocation.integer('count', 1, 20), undefined);
      assert.deepEqual(
        [invocation.flag('fast'), invocation.texts('text'), invocation.text('count')],
        [false, [], undefined],
      );
      return undefined;
    });
  });

  it('an option whose value may be left out', async () => {
    const spec: CommandSpec = {
      ...{ name: 'cmd', summary: 'Does.', positionals: '[X]', count: [0, 1] },
      options: { trace: { type: 'string', value: 'FILE', bare: 'default.json', help: 'writes it' } },
    };
    const asked = async (...argv: string[]) => {
      let got: unknown;
      const code = await runCommand(
        spec,
        argv,
        async (invocation) => {
          got = [invocation.text('trace'), ...invocation.positionals];
          return undefined;
        },
        fakeStreams(),
      );
      assert.equal(code, 0);
      return got;
    };
    assert.deepEqual(await asked(), [undefined]);
    assert.deepEqual(await asked('--trace'), ['default.json']);
    assert.deepEqual(await asked('--trace', 'x'), ['default.json', 'x'], 'the next word is not its value');
    assert.deepEqual(await asked('--trace=own', 'x'), ['own', 'x']);
    assert.deepEqual(await asked('--', '--trace'), [undefined, '--trace']);
    const streams = fakeStreams();
    await runCommand(spec, ['--help'], async () => undefined, streams);
    assert.match(streams.out(), /--trace\[=FILE\] +writes it/);
  });

  it('--help and --version print to stdout and exit 0', async () => {
    const help = await run(['--help', 'too', 'many']);
    assert.equal(help.code, 0);
    assert.equal(help.err, '');
    assert.match(
      help.out,
      /^Usage: probe \[options\] \[FILE\]\n\nDoes nothing\.\n\n {2}-c, --count N {2,}how many\n/,
    );
    assert.match(help.out, /--version .*\n {2}-h, --help {2,}\S/);
    assert.deepEqual(await run(['--version']), { code: 0, out: `probe v${version}\n`, err: '' });
    assert.match(version, /^\d+\.\d+\.\d+$/);
  });

  it('wrong usage exits 2 with one line, and nothing on stdout', async () => {
    const action = async (invocation: Invocation) => {
      invocation.integer('count', 1, 20);
      return undefined;
    };
    const cases: [string[], RegExp][] = [
      [['--nothing'], /nothing/],
      [['a', 'b'], /expected \[FILE\] \(0 to 1\), got a b/],
      [['--fast=3'], /fast/],
      [['-c'], /count/],
      [['-c', 'twelve'], /integer from 1 to 20 for --count, got "twelve"/],
      [['-c', '21'], /got "21"/],
      [['-c', '1.5'], /got "1.5"/],
      [['-c', '1e1'], /got "1e1"/],
    ];
    for (const [argv, pattern] of cases) {
      const { code, out, err } = await run(argv, action);
      assert.equal(code, 2, argv.join(' '));
      assert.equal(out, '');
      assert.match(err, pattern);
      assert.match(err, /^ggma: USAGE: [^\n]+ \(probe --help lists what there is\)\n$/);
    }
  });

  it('an error exits 1 with one line: code, message, path', async () => {
    assert.deepEqual(
      await run([], failing(new GgmaError('CIRCLE_CORRUPT', 'expected a\n  model', { path: 'x/y' }))),
      {
        code: 1,
        out: '',
        err: 'ggma: CIRCLE_CORRUPT: expected a model (x/y)\n',
      },
    );
    assert.equal((await run([], failing(new Error('a bug')))).err, 'ggma: INTERNAL: a bug\n');
    assert.equal((await run([], failing('thrown text'))).err, 'ggma: INTERNAL: thrown text\n');
    assert.equal((await run([], failing(new UsageError('no')))).code, 2);
    assert.equal((await run([], async () => 1)).code, 1, "the action's own exit code");
  });

  it('fault 18: a reader that has gone is no error; a full disk is one', async () => {
    const write = async (invocation: Invocation) => {
      await invocation.write('x');
      return assert.fail('the command went on');
    };
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    assert.deepEqual(await run([], write, fakeStreams(gone)), { code: 0, out: '', err: '' });
    assert.deepEqual(await run(['--help'], write, fakeStreams(gone)), { code: 0, out: '', err: '' });
    assert.equal((await run([], failing(new OutputClosed('closed')))).err, '');
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    const { code, err } = await run([], write, fakeStreams(full));
    assert.equal(code, 1);
    assert.match(err, /^ggma: OUTPUT: .*the disk is full \(ENOSPC\)\n$/);
  });

  it('Ctrl-C aborts the signal of a command that asks for it, and exits 130', async () => {
    const before = process.listenerCount('SIGINT');
    const partial = await run([], async (invocation) => {
      const { signal } = invocation;
      setTimeout(() => process.emit('SIGINT'), 5);
      await new Promise((done) => signal.addEventListener('abort', done));
      await invocation.write('what there is\n');
      return undefined;
    });
    assert.deepEqual(partial, { code: 130, out: 'what there is\n', err: '' });
    const thrown = await run([], async ({ signal }) => {
      process.emit('SIGINT');
      signal.throwIfAborted();
      return undefined;
    });
    assert.deepEqual(thrown, { code: 130, out: '', err: '' });
    assert.equal(process.listenerCount('SIGINT'), before);
  });

  it('refuses terminals where only files and pipes make sense', () => {
    const streams = fakeStreams();
    refuseTerminalInput(streams, 'a model');
    refuseTerminalOutput(streams, 'a model');
    streams.stdin.isTTY = true;
    streams.stdout.isTTY = true;
    assert.throws(() => refuseTerminalInput(streams, 'a Circle model'), UsageError);
    assert.throws(
      () => refuseTerminalOutput(streams, 'a Circle model'),
      /pipe for a Circle model, got a terminal/,
    );
  });
});
