/** Profiles of the demo: the same ids, calls that can be counted from the plan, a trace that is one. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../lib/cli/ggma_run.ts';
import { GgmaError } from '../../lib/errors.ts';
import { loadDemo } from '../../lib/make/index.ts';
import type { KernelProfile, TraceCall, TraceFile } from '../../lib/runtime/index.ts';
import { fakeStreams } from '../support/fake-streams.ts';

const layers = 8;
/** Per pass of the demo: a Llama. */
const perLayer = { 'MATMUL bf16': 7, RMS_NORM: 2, ATTENTION: 1, SILU_MUL: 1, ADD: 2 };

function calls(kernels: readonly KernelProfile[], phase: string): Record<string, number> {
  return Object.fromEntries(
    kernels.filter((one) => one.phase === phase).map(({ kernel, calls: count }) => [kernel, count]),
  );
}

/** Of a profile after a prompt of one chunk, or after `passes` decoded tokens. */
function expected(passes: number): Record<string, number> {
  const inLayers = Object.entries(perLayer).map(([kernel, count]) => [kernel, count * layers * passes]);
  const all = Object.fromEntries(inLayers) as Record<string, number>;
  all['MATMUL bf16']! += passes; // lm_head
  all.RMS_NORM! += passes; // the last norm
  return { ...all, 'GATHER bf16': passes, ARGMAX: passes };
}

describe('profiles', () => {
  let dir: string;
  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'ggma-profile-'));
  });
  after(() => {
    rmSync(dir, { recursive: true });
  });

  it('count every step, take time, and change no id', async () => {
    await using plain = await loadDemo({ threads: 2 });
    await using model = await loadDemo({ threads: 2, profile: true });
    const options = { maxTokens: 40, ignoreEos: true };
    const { ids, usage } = await model.complete('Lily picked up a flower.', options);
    assert.deepEqual((await plain.complete('Lily picked up a flower.', options)).ids, ids);
    await assert.rejects(plain.profile(), (error) => error instanceof GgmaError && error.code === 'OPTION');

    const profile = await model.profile();
    const [prefill, decode] = profile.passes;
    assert.deepEqual(
      [prefill!.passes, prefill!.rows, decode!.passes, decode!.rows],
      [1, usage.promptTokens, 39, 39],
    );
    for (const [phase, passes] of [
      ['prefill', 1],
      ['decode', 39],
    ] as const) {
      const { SELECT: selects, ...counted } = calls(profile.kernels, phase);
      assert.deepEqual(counted, expected(passes));
      assert.ok(selects! >= passes, 'the rows whose logits are wanted are brought together');
    }
    for (const one of profile.kernels) {
      assert.ok(one.ms > 0 && one.weightBytes + one.activationBytes > 0, one.kernel);
      assert.ok(one.flops > 0 || ['GATHER bf16', 'SELECT'].includes(one.kernel), one.kernel);
    }
    for (const { phase, ms } of profile.passes) {
      const inKernels = profile.kernels.filter((one) => one.phase === phase);
      assert.ok(inKernels.reduce((sum, one) => sum + one.ms, 0) <= ms, phase);
    }
    assert.equal(profile.droppedEvents, 0);

    await model.complete('Lily', { maxTokens: 5, ignoreEos: true, temperature: 1, logprobs: 1 });
    const sampled = (await model.profile()).kernels.filter(({ kernel }) => kernel === 'SAMPLE');
    assert.equal(
      sampled.reduce((sum, one) => sum + one.calls, 0),
      5,
    );
  });

  it('--profile prints a table beside the text, and writes a trace', async () => {
    const file = join(dir, 'trace.json');
    const argv = ['-p', 'Lily', '-n', '6'];
    const plain = fakeStreams();
    assert.equal(await main(argv, plain), 0);
    for (const more of [[], ['--stream']]) {
      const streams = fakeStreams();
      assert.equal(await main([...argv, `--profile=${file}`, ...more], streams), 0);
      if (more.length === 0) assert.equal(streams.out(), plain.out());
      const [head, ...rows] = streams.err().trimEnd().split('\n');
      assert.match(head!, /^phase +kernel +calls +ms +% +MB weights +MB other +GB\/s +GFLOP\/s$/);
      assert.match(streams.err(), /^decode +MATMUL bf16 +285 +\d+\.\d\d +\d+\.\d /m);
      assert.match(streams.err(), /^prefill: 1 passes over \d rows in \d+\.\d\d ms$/m);
      assert.equal(rows.at(-1), `trace: ${file} (opens in ui.perfetto.dev and chrome://tracing)`);
      checkTrace(JSON.parse(readFileSync(file, 'utf8')) as TraceFile);
    }
  });

  it('--json has it in its object', async () => {
    const file = join(dir, 'other.json');
    const streams = fakeStreams();
    assert.equal(await main(['-p', 'Lily', '-n', '6', '--json', `--profile=${file}`], streams), 0);
    assert.equal(streams.err(), '');
    const { profile } = JSON.parse(streams.out()) as {
      profile: { kernels: KernelProfile[]; traceFile: string; droppedEvents: number };
    };
    assert.deepEqual([profile.traceFile, profile.droppedEvents], [file, 0]);
    assert.equal(calls(profile.kernels, 'decode')['MATMUL bf16'], 5 * (7 * layers + 1));
    checkTrace(JSON.parse(readFileSync(file, 'utf8')) as TraceFile);
  });

  it('fault 18: a trace that cannot be written does not cost the text', async () => {
    const streams = fakeStreams();
    const file = join(dir, 'no', 'such', 'folder.json');
    assert.equal(await main(['-p', 'Lily', '-n', '6', '--json', `--profile=${file}`], streams), 1);
    assert.equal((JSON.parse(streams.out()) as { ids: number[] }).ids.length, 6);
    assert.match(streams.err(), /^ggma: OUTPUT: .*folder\.json.*\n$/);
  });
});

/** As the Trace Event Format has it: complete events of one thread, each within what it began in. */
function checkTrace({ traceEvents, displayTimeUnit }: TraceFile): void {
  assert.equal(displayTimeUnit, 'ms');
  const open: TraceCall[] = [];
  const [kernels, names] = [new Set<string>(), new Set<string>()];
  for (const event of traceEvents) {
    assert.deepEqual([event.pid, event.tid], [1, 1]);
    if (event.ph === 'M') continue;
    assert.ok(event.ts >= 0 && event.dur >= 0 && Number.isFinite(event.dur));
    // Half a nanosecond: microseconds with fractions do not add up exactly.
    while (open.length > 0 && open.at(-1)!.ts + open.at(-1)!.dur <= event.ts + 5e-4) open.pop();
    const around = open.at(-1);
    if (around !== undefined) assert.ok(event.ts + event.dur <= around.ts + around.dur + 1e-3);
    if (event.dur > 0) open.push(event);
    names.add(event.name);
    kernels.add(String(event.args.kernel ?? event.name));
  }
  for (const kernel of ['prefill', 'decode', 'ARGMAX', 'GATHER bf16', ...Object.keys(perLayer)])
    assert.ok(kernels.has(kernel), kernel);
  for (let k = 0; k < layers; k++)
    for (const part of [
      'self_attn.q_proj',
      'mlp.down_proj',
      'input_layernorm',
      'ATTENTION',
      'SILU_MUL',
      'ADD',
    ])
      assert.ok(names.has(`layers.${k} ${part}`), `layers.${k} ${part}`);
  for (const name of ['embed_tokens', 'norm', 'lm_head', 'ARGMAX']) assert.ok(names.has(name), name);
}
