import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readModel, TensorType } from '../../../lib/circle/index.ts';
import { main } from '../../../lib/cli/tinyllama.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';
import { fakeStreams } from '../../support/fake-streams.ts';

describe('cli/tinyllama', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let model = '';
  beforeEach(() => {
    scratch = scratchFolder();
    model = writeModelDir(join(scratch.path, 'model'), tinyConfig, tinyTensors());
  });
  afterEach(() => scratch.remove());
  const run = async (...argv: string[]) => {
    const streams = fakeStreams();
    const code = await main(argv, streams);
    return { code, out: streams.out(), err: streams.err() };
  };

  it('writes the graph and says nothing', async () => {
    const file = join(scratch.path, 'out.circle');
    for (const [mode, option, inputs] of [
      ['prefill', '--prefill-length', 4],
      ['decode', '--cache-length', 9],
    ] as const) {
      assert.deepEqual(await run('--mode', mode, '--model', model, option, '6', '-o', file), {
        code: 0,
        out: '',
        err: '',
      });
      const { subgraphs, version, description } = readModel(readFileSync(file));
      assert.equal(subgraphs![0]!.inputs!.length, inputs);
      assert.deepEqual([version, description], [0, 'circle']);
    }
    assert.deepEqual(readdirSync(scratch.path).sort(), ['model', 'out.circle']);
  });

  it('shows progress on a terminal only', async () => {
    const streams = fakeStreams();
    streams.stderr.isTTY = true;
    const file = join(scratch.path, 'out.circle');
    assert.equal(await main(['--mode', 'prefill', '--model', model, '-o', file], streams), 0);
    assert.match(streams.err(), /model\.layers\.1\.mlp\.down_proj\.weight/);
  });

  it('knows wrong usage', async () => {
    for (const argv of [
      [],
      ['--mode', 'both'],
      ['--mode', 'prefill', '--prefill-length', '0'],
      ['--mode', 'decode', '--cache-length', '2'],
    ]) {
      const { code, out, err } = await run(...argv);
      assert.deepEqual([code, out], [2, ''], argv.join(' '));
      assert.match(err, /^ggma: USAGE: expected .*\n$/);
    }
    const help = await run('--help');
    assert.equal(help.code, 0);
    assert.match(help.out, /--cache-length/);
  });

  it('stores matrices as --dtype says', async () => {
    const file = join(scratch.path, 'out.circle');
    const sizes = { hidden_size: 32, intermediate_size: 64 };
    writeModelDir(model, { ...tinyConfig, ...sizes }, tinyTensors(sizes));
    for (const [dtype, type] of [
      ['auto', TensorType.FLOAT32],
      ['bf16', TensorType.BFLOAT16],
      ['q4_0', TensorType.GGML_Q4_0],
    ] as const) {
      assert.deepEqual(await run('--mode', 'decode', '--model', model, '--dtype', dtype, '-o', file), {
        code: 0,
        out: '',
        err: '',
      });
      const tensors = readModel(readFileSync(file)).subgraphs![0]!.tensors!;
      const weights = tensors.filter(({ name }) => name?.endsWith('_weight'));
      assert.equal(weights.length, 2 * 9 + 3);
      for (const { name, shape, type: got } of weights)
        assert.equal(got, shape!.length === 2 ? type : TensorType.FLOAT32, `${name}`);
    }
    const { code, err } = await run('--mode', 'decode', '--dtype', 'f64');
    assert.equal(code, 2);
    assert.match(err, /expected auto, f32, f16, bf16, q8_0, q4_0 for --dtype, got f64/);
  });

  it('leaves the old file when a value cannot be stored', async () => {
    const file = join(scratch.path, 'out.circle');
    const weight = Float32Array.from({ length: 80 }, (_, i) => (i === 70 ? 1e6 : 0));
    const head = { dtype: 'F32', shape: [10, 8], bytes: new Uint8Array(weight.buffer) };
    writeModelDir(model, tinyConfig, { ...tinyTensors(), 'lm_head.weight': head });
    writeFileSync(file, 'old');
    const { code, err } = await run('--mode', 'prefill', '--model', model, '--dtype', 'f16', '-o', file);
    assert.equal(code, 1);
    assert.match(
      err,
      /^ggma: WEIGHTS: expected values that f16 can hold for 'lm_head.weight', got 1000000 at element 70/,
    );
    assert.equal(readFileSync(file, 'utf8'), 'old');
    assert.deepEqual(readdirSync(scratch.path).sort(), ['model', 'out.circle']);
  });

  it('leaves the old file when something goes wrong', async () => {
    const file = join(scratch.path, 'out.circle');
    writeFileSync(file, 'old');
    writeFileSync(join(model, 'config.json'), '{');
    const { code, err } = await run('--mode', 'prefill', '--model', model, '-o', file);
    assert.equal(code, 1);
    assert.match(err, /^ggma: CONFIG: .*line 1, column 2.*\n$/);
    assert.equal(readFileSync(file, 'utf8'), 'old');
  });

  it('leaves nothing behind when the file cannot be written', async () => {
    const target = join(scratch.path, 'folder');
    mkdirSync(target);
    const { code, err } = await run('--mode', 'prefill', '--model', model, '-o', target);
    assert.equal(code, 1);
    assert.match(err, /^ggma: OUTPUT: /);
    assert.deepEqual(readdirSync(scratch.path).sort(), ['folder', 'model']);
    assert.ok(!existsSync(join(target, 'prefill.circle')));
  });
});
