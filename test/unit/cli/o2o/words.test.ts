import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PassThrough } from 'node:stream';
import { FINDINGS, type Model, writeModel } from '../../../../lib/circle/index.ts';
import { words } from '../../../../lib/cli/o2o/index.ts';
import { wordCode } from '../../../../lib/cli/o2o/run-word.ts';
import { main } from '../../../../lib/cli/o2o.ts';
import { lower } from '../../../../lib/ir/graph/index.ts';
import { fileProblems } from '../../../../lib/package/index.ts';
import { passes } from '../../../../lib/passes/index.ts';
import { scratchFolder } from '../../../support/checkpoint.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';
import { root } from '../../../support/root.ts';
import { textGraph } from '../../../support/text-graph.ts';

const model = (text = 'input x f32[1,2]\nconst w f32[1,2] = 1 2\ny = ADD(x, w)\noutput y'): Model =>
  lower(textGraph(text).module);

/** A model with a warning: nothing fills its second output. */
const warned = () => model('input x f32[1]\ntensor t f32[1]\ny = NEG(x)\noutput y\noutput t');

describe('cli/o2o words', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    scratch = scratchFolder();
  });
  afterEach(() => scratch.remove());

  const file = (name: string, content: Model | Uint8Array | string) => {
    const path = join(scratch.path, name);
    writeFileSync(
      path,
      typeof content === 'string' || content instanceof Uint8Array ? content : writeModel(content),
    );
    return path;
  };
  const run = async (argv: string[], input?: Uint8Array) => {
    const streams = fakeStreams();
    (streams.stdin as PassThrough).end(input);
    // Chains of filters write to descriptors.
    const [stdout, stderr] = ['stdout', 'stderr'].map((name) => openSync(join(scratch.path, name), 'w+'));
    const code = await main(argv, streams, { stdin: 0, stdout: stdout!, stderr: stderr! });
    for (const fd of [stdout!, stderr!]) closeSync(fd);
    const written = (name: string) => readFileSync(join(scratch.path, name), 'utf8');
    return { code, out: streams.out() + written('stdout'), err: streams.err() + written('stderr') };
  };
  const broken = () => {
    const spoilt = model();
    spoilt.subgraphs![0]!.operators![0]!.inputs = [0, 99];
    return spoilt;
  };

  it('are one file each, in the overview and in their help', async () => {
    const files = readdirSync(join(root, 'lib/cli/o2o')).map((name) => name.replace(/\.ts$/, ''));
    assert.deepEqual(
      words.map(({ name }) => name).sort(),
      files.filter((name) => !['index', 'word', 'run-word', 'chain'].includes(name)).sort(),
    );
    assert.equal(words.length, 5);
    const overview = await run(['--help']);
    for (const word of words) {
      assert.ok(!passes.some(({ name }) => name === word.name));
      assert.ok(overview.out.includes(`  ${word.name} `) && overview.out.includes(word.summary));
      const { out, code } = await run([word.name, '--help']);
      assert.equal(code, 0);
      assert.ok(out.startsWith(`Usage: o2o ${word.name} [options] ${word.positionals}\n`), out);
      for (const option of Object.keys(wordCode[word.name].options))
        assert.ok(out.includes(`--${option}`), option);
      assert.match((await run([word.name, '--version'])).out, new RegExp(`^o2o ${word.name} v\\d`));
    }
  });

  it('refuse wrong words, terminals, and being part of a chain', async () => {
    for (const argv of [
      ['verify', '--no-such'],
      ['print', 'a', 'b'],
      ['diff', 'a'],
      ['gc', '+', 'print'],
    ]) {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, out], [2, ''], argv.join(' '));
      assert.match(err, /^ggma: USAGE: [^\n]+\n$/);
    }
    const streams = fakeStreams();
    streams.stdin.isTTY = true;
    assert.equal(await main(['print'], streams), 2);
    assert.match(streams.err(), /^ggma: USAGE: expected a Circle model on standard input, got a terminal/);
  });

  it("take a package's folder for its model, which no folder without one is", async () => {
    const dir = join(scratch.path, 'package');
    mkdirSync(dir);
    const bare = await run(['print', dir]);
    assert.deepEqual([bare.code, bare.out], [1, '']);
    assert.match(
      bare.err,
      /^ggma: INPUT: expected a Circle model, or a package with model\.circle, got a folder without one \(\/.*package\)\n$/,
    );
    const path = file('package/model.circle', model());
    assert.deepEqual(await run(['verify', dir]), {
      code: 0,
      out: '',
      err: `${dir}: sound (no ggma.json: no hashes to compare)\n`,
    });
    assert.equal((await run(['print', dir])).out, (await run(['print', path])).out);
    assert.match((await run(['view', dir])).out, /<title>[^<]*package/);
    assert.equal((await run(['diff', dir, path])).code, 0);
    // What this graph lacks is found in the model, so explain read it.
    assert.match((await run(['explain', dir])).err, /^ggma: (SIGNATURE|PLAN_\w+): /);
    writeFileSync(path, 'no Circle file');
    assert.match((await run(['print', dir])).err, /^ggma: CIRCLE_CORRUPT: .*\(\/.*package\)\n$/);
    for (const word of words)
      assert.match(
        (await run([word.name, '--help'])).out,
        /A folder is a package: its model\.circle is taken\./,
      );
  });

  it('say in which file something is wrong', async () => {
    const [good, bad, junk] = [file('good', model()), file('bad', broken()), file('junk', 'no Circle file')];
    for (const [argv, message] of [
      [['print', junk], /^ggma: CIRCLE_CORRUPT: .*\(\/.*junk\)\n$/],
      [['print', join(scratch.path, 'none')], /^ggma: INPUT: .*\(ENOENT\) \(\/.*none\)\n$/],
      [
        ['diff', good, bad],
        /^ggma: CIRCLE_INVALID: TENSOR_INDEX: .*\(\/.*bad: subgraphs\[0\]\.operators\[0\]\.inputs\[1\]\)\n$/,
      ],
      [['print'], /^ggma: CIRCLE_CORRUPT: .*\(standard input\)\n$/],
      [['verify', join(scratch.path, 'none')], /^ggma: INPUT: /],
    ] as const) {
      const { code, out, err } = await run([...argv]);
      assert.deepEqual([code, out], [1, ''], argv.join(' '));
      assert.match(err, message);
    }
  });

  describe('verify', () => {
    it('is content with a sound model, from a file or standard input', async () => {
      const good = file('good.circle', model());
      assert.deepEqual(await run(['verify', good]), { code: 0, out: '', err: `${good}: sound\n` });
      assert.deepEqual(await run(['verify', '-q', good]), { code: 0, out: '', err: '' });
      const { code, err } = await run(['verify'], writeModel(model()));
      assert.deepEqual([code, err], [0, 'standard input: sound\n']);
    });

    it('prints a line for each finding, and exits 1 for errors, with --strict for warnings', async () => {
      const [bad, odd] = [file('bad.circle', broken()), file('odd.circle', warned())];
      const found = await run(['verify', bad]);
      assert.equal(found.code, 1);
      assert.equal(
        found.out,
        'error TENSOR_INDEX subgraphs[0].operators[0].inputs[1]: expected one of 3 tensors, got 99\n',
      );
      assert.equal(found.err, `${bad}: 1 error, 0 warnings\n`);
      const only = await run(['verify', odd]);
      assert.deepEqual([only.code, only.err], [0, `${odd}: 0 errors, 1 warning\n`]);
      assert.equal((await run(['verify', '--strict', odd])).code, 1);
      const both = await run(['verify', odd, bad]);
      assert.equal(both.code, 1);
      assert.match(
        both.out,
        /^\/.*odd\.circle: warning OUTPUT_PRODUCERLESS .*\n\/.*bad\.circle: error TENSOR_INDEX .*\n$/,
      );
    });

    it('makes one finding of what cannot be read at all', async () => {
      const bytes = writeModel(model());
      for (const [content, code] of [
        [bytes.subarray(0, 100), 'CIRCLE_CORRUPT'],
        ['something else', 'CIRCLE_CORRUPT'],
        [new Uint8Array(0), 'CIRCLE_CORRUPT'],
      ] as const) {
        const found = await run(['verify', file('cut', content)]);
        assert.equal(found.code, 1);
        assert.match(found.out, new RegExp(`^error ${code} [^ ]+: expected [^\\n]+\\n$`));
      }
    });

    it('gives JSON, and the list of codes', async () => {
      const [bad, odd] = [file('bad.circle', broken()), file('odd.circle', warned())];
      const { code, out } = await run(['verify', '--json', bad, odd]);
      assert.equal(code, 1);
      const results = JSON.parse(out) as {
        file: string;
        errors: number;
        warnings: number;
        findings: { code: string }[];
      }[];
      assert.deepEqual(
        results.map(({ file: name, errors, warnings, findings }) => [
          name,
          errors,
          warnings,
          findings.map((f) => f.code),
        ]),
        [
          [bad, 1, 0, ['TENSOR_INDEX']],
          [odd, 0, 1, ['OUTPUT_PRODUCERLESS']],
        ],
      );
      const list = (await run(['verify', '--codes'])).out.trimEnd().split('\n');
      assert.equal(list.length, Object.keys(FINDINGS).length + Object.keys(fileProblems).length);
      assert.ok(list.every((row) => /^(error|warning) +[A-Z_]+ +\S/.test(row)));
    });
  });

  it('print: text, short text, JSON', async () => {
    const path = file('a.circle', model('input m::x f32[1]\nm::y = NEG(m::x)\noutput m::y'));
    const text = await run(['print', path]);
    assert.deepEqual([text.code, text.err], [0, '']);
    assert.equal(
      text.out,
      'graph subgraph  # 0: 1 operators, 2 tensors, 0 constants of 0 bytes\ninput m::x f32[1]\nm::y: f32[1] = NEG(m::x)\noutput m::y\n',
    );
    assert.match((await run(['print', '--short', path])).out, /^y: f32\[1\] = NEG\(x\)$/m);
    const { out } = await run(['print', '--json'], readFileSync(path));
    const parsed = JSON.parse(out) as {
      subgraphs: { tensors: { name: string; type: string }[] }[];
      buffers: unknown[];
    };
    assert.deepEqual(
      parsed.subgraphs[0]!.tensors.map(({ name, type }) => [name, type]),
      [
        ['m::x', 'FLOAT32'],
        ['m::y', 'FLOAT32'],
      ],
    );
    assert.deepEqual(parsed.buffers, [{ data: null }]);
  });

  it('diff: exit 0 and nothing for equal models, else the first difference and counts', async () => {
    const other = 'input x f32[1,2]\nconst w f32[1,2] = 1 2.5\nz = MUL(x, w)\noutput z';
    const [a, same, b] = [file('a', model()), file('same', model()), file('b', model(other))];
    assert.deepEqual(await run(['diff', a, same]), { code: 0, out: '', err: '' });
    const { code, out, err } = await run(['diff', a, b]);
    assert.deepEqual([code, err], [1, '']);
    assert.equal(
      out,
      "operators subgraphs[0].operators[0]: ADD 'y' against MUL 'z'\n2 differences: 1 operators, 1 names\n",
    );
    assert.equal((await run(['diff', '--all', a, b])).out.trimEnd().split('\n').length, 3);
    const close = file('close', model('input x f32[1,2]\nconst w f32[1,2] = 1 2.5\ny = ADD(x, w)\noutput y'));
    const json = JSON.parse((await run(['diff', '--json', a, close])).out) as {
      differences: { kind: string }[];
      counts: Record<string, number>;
      maxDifference: number;
    };
    assert.deepEqual(
      [json.differences.map(({ kind }) => kind), json.counts.constants, json.maxDifference],
      [['constants'], 1, 0.5],
    );
  });

  it('stop without a word when nobody reads any more', async () => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const streams = fakeStreams(gone);
    assert.equal(await main(['print', file('a', model())], streams), 0);
    assert.equal(streams.err(), '');
  });
});
