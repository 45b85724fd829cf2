import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { endingIds, main } from '../../../lib/cli/ggma_run.ts';
import { loadSentencePiece, type Tokenizer } from '../../../lib/text/index.ts';
import { fakeStreams } from '../../support/fake-streams.ts';
import { type GoldenPrompt, goldenPrompts, writeGoldenPackage } from '../../support/golden-package.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return runWith([], ...argv);
}

async function runWith(
  input: readonly Uint8Array[],
  ...argv: string[]
): Promise<{ code: number; out: string; err: string }> {
  const streams = fakeStreams(undefined, input);
  const code = await main(argv, streams);
  return { code, out: streams.out(), err: streams.err() };
}

const list = (ids: readonly number[]) => `{ ${ids.join(', ')} }`;

describe('cli/ggma_run', () => {
  it('--help lists the options', async () => {
    const { code, out, err } = await run('--help');
    assert.deepEqual([code, err], [0, '']);
    for (const option of [
      '-p, --prompt',
      '-n, --max-tokens',
      '--ids',
      '--ignore-eos',
      '--threads',
      '--context-size',
      '--stop',
      '--stream',
      '--json',
      '--seed',
      '--profile[=FILE]',
      '--version',
      '--temperature',
      '--logprobs',
    ])
      assert.ok(out.includes(option), option);
  });

  it('--version names the run time and its instruction set', async () => {
    const { code, out } = await run('--version');
    assert.equal(code, 0);
    assert.match(
      out,
      /^ggma_run v\d+\.\d+\.\d+ \(ggma runtime: v\d+\.\d+\.\d+, (scalar|avx2|avx512|neon)\)\n$/,
    );
  });

  it('wrong usage exits 2', async () => {
    const cases: [string[], RegExp][] = [
      [['pkg', '-n', '-1'], /USAGE/],
      [['pkg', '-n', 'many'], /--max-tokens, got "many"/],
      [['pkg', '--ids', '1,x'], /--ids, got "x"/],
      [['pkg', '--ids', ''], /--ids, got ""/],
      [['pkg', '--ids', '1', '-p', 'x'], /one of --prompt, --ids and --messages, got several/],
      [['pkg', '--json', '--stream'], /one of --json and --stream, got both/],
      [['pkg', '--threads', '0'], /--threads, got "0"/],
      [['pkg', '--temperature', 'hot'], /a number from 0 to 100 for --temperature, got "hot"/],
      [['pkg', '--top-p', '1.1'], /--top-p, got "1.1"/],
      [['pkg', '--top-k', '1.5'], /--top-k, got "1.5"/],
      [['pkg', '--repeat-penalty', '0'], /--repeat-penalty, got "0"/],
      [['pkg', '--seed', '-1'], /USAGE/],
      [['pkg', '--seed', '0x10'], /--seed, got "0x10"/],
      [['pkg', '--logprobs', '21'], /--logprobs, got "21"/],
      [['pkg', '--context-size', '0'], /--context-size, got "0"/],
      [['pkg', '--profile='], /a file for the trace of --profile, got ""/],
    ];
    for (const [argv, pattern] of cases) {
      const { code, out, err } = await run(...argv);
      assert.deepEqual([code, out], [2, ''], argv.join(' '));
      assert.match(err, pattern);
    }
  });

  it('ends at the ids of the package, and at 0 only where that is no text', async () => {
    const lily = await loadSentencePiece(lilyTokenizerPath);
    assert.deepEqual(endingIds({ eosIds: [2], tokenizer: lily }), [2, 0], 'the unknown piece');
    assert.deepEqual(endingIds({ eosIds: [0, 2], tokenizer: lily }), [0, 2]);
    const exclamation = { specialIds: new Set([151643]), unkId: null }; // as Qwen's, where id 0 is "!"
    assert.deepEqual(endingIds({ eosIds: [151643], tokenizer: exclamation }), [151643]);
    const special = { specialIds: new Set([0]), unkId: null };
    assert.deepEqual(endingIds({ eosIds: [5], tokenizer: special }), [5, 0]);
    assert.deepEqual(endingIds({ eosIds: [5], tokenizer: null }), [5]);
  });

  it('fault 1: a package that is not there exits 1', async () => {
    const { code, out, err } = await run('no/such/package');
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^ggma: PACKAGE_NOT_FOUND: .*no\/such\/package.*\n$/);
  });

  describe('on stories260K', () => {
    let dir: string;
    let tokenizer: Tokenizer;
    let prompt: GoldenPrompt;
    let idsOnly: string;
    before(async function () {
      const shared = needSharedDir(this);
      dir = await mkdtemp(join(tmpdir(), 'ggma-run-'));
      await writeGoldenPackage(shared, 'stories260K', dir);
      idsOnly = await writeGoldenPackage(shared, 'probe', join(dir, 'probe'));
      tokenizer = await loadSentencePiece(join(dir, 'tokenizer.model'));
      const found = (await goldenPrompts(shared, 'stories260K')).find(
        ({ text, ids }) => text !== null && ids.length > 3,
      );
      assert.ok(found?.text);
      prompt = found;
    });
    after(() => (dir === undefined ? undefined : rm(dir, { recursive: true })));

    it('prints the three lines, prompt and output 32 tokens together', async () => {
      const { code, out, err } = await run(dir, '-p', prompt.text!);
      assert.deepEqual([code, err], [0, '']);
      const ids = prompt.greedy.slice(0, 32 - prompt.ids.length);
      assert.equal(
        out,
        `prompt: ${prompt.text}\ngenerated: ${list(ids)}\ndetokenized: ${tokenizer.decode(ids)}\n`,
      );
    });

    it('-n, --ids, --ignore-eos', async () => {
      const { out } = await run(dir, '--ids', prompt.ids.join(','), '-n', '100', '--ignore-eos');
      const ids = prompt.greedy.slice(0, 100);
      assert.equal(
        out,
        `prompt: ${list(prompt.ids)}\ngenerated: ${list(ids)}\ndetokenized: ${tokenizer.decode(ids)}\n`,
      );
      assert.match((await run(dir, '-n', '0')).out, /\ngenerated: \{ \}\ndetokenized: \n$/);
    });

    it('--json is one object, --stream the text alone', async () => {
      const argv = [dir, '-p', prompt.text!, '-n', '20'];
      const object = JSON.parse((await run(...argv, '--json')).out) as Record<string, unknown>;
      const ids = prompt.greedy.slice(0, 20);
      assert.equal(object.prompt, prompt.text);
      assert.deepEqual(object.promptIds, prompt.ids);
      assert.deepEqual(object.ids, ids);
      const text = tokenizer.decode([...prompt.ids, ...ids]).slice(tokenizer.decode(prompt.ids).length);
      assert.equal(object.text, text);
      assert.equal(object.finishReason, 'length');
      assert.equal((await run(...argv, '--stream')).out, `${text}\n`);
      const whole = text;
      const stop = whole.slice(10, 14);
      assert.equal(
        (await run(...argv, '--stream', '--stop', stop)).out,
        `${whole.slice(0, whole.indexOf(stop))}\n`,
      );
    });

    it('draws at random when it is told to, the same for the same seed', async () => {
      const argv = [
        dir,
        '-p',
        prompt.text!,
        '-n',
        '20',
        '--ignore-eos',
        '--temperature',
        '1',
        '--top-k',
        '50',
      ];
      const draw = async (...more: string[]) => (await run(...argv, ...more)).out;
      const first = await draw('--seed', '1');
      assert.equal(await draw('--seed', '1', '--threads', '2'), first);
      assert.notEqual(await draw('--seed', '2'), first);
      const { seed, ids } = JSON.parse(await draw('--json')) as { seed: number; ids: number[] };
      assert.ok((await draw('--seed', `${seed}`)).includes(`generated: ${list(ids)}\n`));
      const greedy = await run(dir, '-p', prompt.text!, '-n', '20', '--temperature', '0');
      assert.ok(greedy.out.includes(`generated: ${list(prompt.greedy.slice(0, 20))}\n`));
      const penalty = await run(dir, '-p', prompt.text!, '-n', '20', '--repeat-penalty', '5');
      assert.ok(!penalty.out.includes(list(prompt.greedy.slice(0, 20))));
    });

    it('--logprobs adds a line, and alternatives to --json', async () => {
      const { out } = await run(dir, '-p', prompt.text!, '-n', '4', '--logprobs', '0');
      assert.match(out, /\nlogprobs: \{ (-?\d+\.\d{4}, ){3}-?\d+\.\d{4} \}\ndetokenized: /);
      const { logprobs } = JSON.parse(
        (await run(dir, '-p', prompt.text!, '-n', '4', '--logprobs', '2', '--json')).out,
      ) as { logprobs: { id: number; logprob: number; top: { id: number; logprob: number }[] }[] };
      assert.deepEqual(
        logprobs.map(({ id }) => id),
        prompt.greedy.slice(0, 4),
      );
      for (const { id, logprob, top } of logprobs) {
        assert.equal(top.length, 2);
        assert.deepEqual(top[0], { id, logprob });
        assert.ok(top[1]!.logprob <= logprob && logprob <= 0);
      }
    });

    it('the text has the space behind the prompt, and the line of the ids alone has none', async () => {
      const { out } = await run(dir, '-p', 'Once upon a', '-n', '3');
      assert.match(out, /\ndetokenized: time, \S+\n$/);
      const whole = JSON.parse((await run(dir, '-p', 'Once upon a', '-n', '3', '--json')).out) as {
        text: string;
      };
      assert.match(whole.text, /^ time, \S+$/);
      assert.equal((await run(dir, '-p', 'Once upon a', '-n', '3', '--stream')).out, `${whole.text}\n`);
    });

    it('-p - reads the prompt from standard input, without the line end behind it', async () => {
      const expected = (await run(dir, '-p', prompt.text!, '-n', '5')).out;
      const bytes = Buffer.from(`${prompt.text!}\n`);
      const { code, out, err } = await runWith(
        [bytes.subarray(0, 3), bytes.subarray(3)],
        dir,
        '-p',
        '-',
        '-n',
        '5',
      );
      assert.deepEqual([code, out, err], [0, expected, '']);
      const twice = await runWith([Buffer.from('Hi\n\n')], dir, '-p', '-', '-n', '0', '--json');
      assert.equal((JSON.parse(twice.out) as { prompt: string }).prompt, 'Hi\n');
      const wrong = await runWith([Uint8Array.of(0x48, 0xff)], dir, '-p', '-');
      assert.deepEqual([wrong.code, wrong.out], [1, '']);
      assert.match(wrong.err, /^ggma: INPUT: expected a prompt in UTF-8 on standard input/);
      const large = Array<Uint8Array>(17).fill(new Uint8Array(1_000_000));
      assert.match(
        (await runWith(large, dir, '-p', '-')).err,
        /INPUT: expected a prompt of at most 16000000 bytes/,
      );
    });

    it('warns when the prompt leaves no room for the default', async () => {
      const { code, out, err } = await run(dir, '--ids', Array(40).fill(5).join(','));
      assert.equal(code, 0);
      assert.match(out, /generated: \{ \}/);
      assert.match(err, /^ggma: warning: the prompt alone has 40 tokens of 32/);
      assert.equal((await run(dir, '-n', '600')).err.split(':')[1], ' CONTEXT_OVERFLOW');
    });

    it('--context-size says how much prompt and output may be together', async () => {
      const { code, out } = await run(dir, '-p', prompt.text!, '--context-size', `${prompt.ids.length + 3}`);
      assert.equal(code, 0);
      assert.ok(out.includes(`generated: ${list(prompt.greedy.slice(0, 3))}\n`), out);
      const { err } = await run(dir, '-p', prompt.text!, '--context-size', `${prompt.ids.length - 1}`);
      assert.match(err, /^ggma: CONTEXT_OVERFLOW: expected at most \d+ tokens in the context/);
    });

    it('a package without a tokenizer takes and prints ids', async () => {
      const { out } = await run(idsOnly, '--ids', '1,5,9', '-n', '4');
      assert.match(out, /^prompt: \{ 1, 5, 9 \}\ngenerated: \{ (\d+, ){3}\d+ \}\n$/);
      const { code, err } = await run(idsOnly);
      assert.equal(code, 2);
      assert.match(err, /--ids for a package without a tokenizer/);
    });

    it('Ctrl-C prints what there is and exits 130', async () => {
      const streams = fakeStreams();
      let listening = false;
      const running = main([dir, '-n', '500', '--ignore-eos'], streams);
      while (!listening) {
        listening = process.listenerCount('SIGINT') > 0;
        await new Promise((done) => setTimeout(done, 1));
      }
      process.emit('SIGINT');
      assert.equal(await running, 130);
      assert.equal(streams.err(), '');
    });
  });
});
