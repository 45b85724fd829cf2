/** opm as a process: the README's block, Ctrl-C, two at once, a full disk, a certificate, a closed pipe. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../support/checkpoint.ts';
import { filesOf, HubServer, redirect, stall } from '../support/hub-server.ts';
import { lilyDir } from '../support/lily.ts';
import { need } from '../support/need.ts';
import { root } from '../support/root.ts';
import { cert } from '../support/self-signed.ts';

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

describe('opm, as people run it', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let hub: HubServer;
  beforeEach(async () => {
    scratch = scratchFolder();
    mkdirSync(join(scratch.path, 'bin'));
    for (const name of ['opm', 'ggma_run', 'o2o'])
      symlinkSync(join(root, `dist/bin/${name}.js`), join(scratch.path, 'bin', name));
  });
  afterEach(async () => {
    await hub.close();
    scratch.remove();
  });

  const serveTiny = async () => {
    const model = writeModelDir(join(scratch.path, 'tiny'), tinyConfig, tinyTensors());
    hub = await HubServer.start(filesOf(model));
    return hub.files.get('model.safetensors')!;
  };
  /** Not spawnSync: the hub answers from this process. */
  function start(script: string, env: Record<string, string> = {}): ChildProcess {
    return spawn('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
      cwd: scratch.path,
      env: {
        ...process.env,
        HF_ENDPOINT: hub.endpoint,
        PATH: `${join(scratch.path, 'bin')}:${process.env.PATH}`,
        ...env,
      },
    });
  }
  async function finish(child: ChildProcess): Promise<Run> {
    let [stdout, stderr] = ['', ''];
    child.stdout!.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr!.on('data', (chunk) => (stderr += String(chunk)));
    const status = await new Promise<number | null>((done) => child.on('close', (code) => done(code)));
    return { status, stdout, stderr };
  }
  const run = (script: string, env?: Record<string, string>) => finish(start(script, env));
  const build = (...names: string[]) => join(scratch.path, 'build', ...names);
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((done) => setTimeout(done, 10));
  };

  it("runs the README's block as it stands", async () => {
    hub = await HubServer.start(filesOf(lilyDir));
    const readme = readFileSync(join(root, 'README.md'), 'utf8');
    const block = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)]
      .map(([, text]) => text!)
      .find((text) => text.includes('opm import'));
    assert.ok(block?.includes('opm export') === true);
    const { status, stdout, stderr } = await run(block!);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.deepEqual(lines.slice(3, 7), [
      'pipeline.yaml: written',
      'build/TinyLLama-v0',
      'build/out',
      'build/out/model.ggma',
    ]);
    assert.match(lines[8]!, /^generated: \{ 308, 365, 265, 680, /);
    assert.match(lines[9]!, /^detokenized: She liked the flower very much\. /);
    assert.deepEqual(lines.slice(10).sort(), ['removed build/TinyLLama-v0', 'removed build/out']);
    assert.ok(!existsSync(build()));
  });

  it("makes the model that the guide's commands make", async () => {
    hub = await HubServer.start(filesOf(lilyDir));
    symlinkSync(join(root, 'dist/bin/tinyllama.js'), join(scratch.path, 'bin/tinyllama'));
    const { status, stderr } = await run(
      `
      opm import x/lily && opm export
      tinyllama --mode prefill --model "$LILY" && tinyllama --mode decode --model "$LILY"
      o2o fuse.attention + reshape.io input --by_shape [1,16,30,4] [1,16,32,4] + transpose.io.kvcache < decode_.circle > decode.circle
      o2o merge.circles prefill.circle decode.circle + fuse.bmm_lhs_const + downcast.input_ids + gc --external-buffers > model.circle
      cmp model.circle build/out/model.circle`,
      { LILY: lilyDir },
    );
    assert.equal(stderr, '');
    assert.equal(status, 0);
  });

  it('fault 47: Ctrl-C ends it with 130; the next import goes on from the part', async () => {
    const weights = await serveTiny();
    hub.fail('model.safetensors', stall(2000));
    const child = start('exec opm import x/tiny');
    const part = build('tiny.part/model.safetensors.part');
    await until(() => existsSync(part) && statSync(part).size === 2000);
    assert.ok(existsSync(build('tiny.lock')));
    child.kill('SIGINT');
    assert.deepEqual(await finish(child), { status: 130, stdout: '', stderr: '' });
    assert.deepEqual(readdirSync(build()), ['tiny.part'], 'no lock, no half model');
    hub.seen.length = 0;
    assert.equal((await run('opm import x/tiny')).status, 0);
    assert.equal(hub.seen.find(({ path }) => path.endsWith('.safetensors'))!.range, 'bytes=2000-');
    assert.deepEqual(new Uint8Array(readFileSync(build('tiny/model.safetensors'))), weights);
  });

  it('fault 47: killed hard, its lock and part hinder nobody', async () => {
    await serveTiny();
    hub.fail('model.safetensors', stall(2000));
    const child = start('exec opm import x/tiny');
    const part = build('tiny.part/model.safetensors.part');
    await until(() => existsSync(part) && statSync(part).size === 2000);
    child.kill('SIGKILL');
    await finish(child);
    assert.deepEqual(readdirSync(build()).sort(), ['tiny.lock', 'tiny.part']);
    assert.deepEqual(await run('opm import x/tiny'), { status: 0, stdout: 'build/tiny\n', stderr: '' });
    assert.deepEqual(readdirSync(build()), ['tiny']);
  });

  it('fault 47: of two at once one works, the other says so', async () => {
    await serveTiny();
    hub.fail('model.safetensors', stall(2000));
    const first = start('exec opm import x/tiny');
    await until(() => existsSync(build('tiny.part/model.safetensors.part')));
    const second = await run('opm import x/tiny');
    assert.deepEqual([second.status, second.stdout], [1, '']);
    assert.match(second.stderr, /^ggma: LOCKED: .*tiny\.lock.*\n$/);
    assert.equal((await run('opm clean --all')).stdout, '', 'clean leaves alone what is in use');
    first.kill('SIGINT');
    assert.equal((await finish(first)).status, 130);
  });

  it('fault 47: certificates are checked, whatever the environment says', async () => {
    const model = writeModelDir(join(scratch.path, 'tiny'), tinyConfig, tinyTensors());
    hub = await HubServer.start(filesOf(model), { tls: true });
    const { status, stdout, stderr } = await run('opm import x/tiny', {
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      NODE_NO_WARNINGS: '1',
    });
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored/);
    assert.match(stderr, /^ggma: IMPORT_TLS: .*$/m);
    assert.equal(hub.seen.length, 0);
    writeFileSync(join(scratch.path, 'ca.pem'), cert);
    const trusting = { NODE_EXTRA_CA_CERTS: join(scratch.path, 'ca.pem') };
    hub.fail('listing', redirect('http://127.0.0.1:9/'));
    const lowered = await run('opm import x/tiny', trusting);
    assert.match(lowered.stderr, /^ggma: IMPORT_REDIRECT: expected a redirect to https, .*\n$/);
    assert.deepEqual(await run('opm import x/tiny', trusting), {
      status: 0,
      stdout: 'build/tiny\n',
      stderr: '',
    });
  });

  it('fault 18, 47: a full disk is said in one line; what came is kept, and goes on when there is room', async function () {
    const weights = await serveTiny();
    const big = {
      ...filesOf(join(scratch.path, 'tiny')),
      'tokenizer_config.json': Buffer.alloc(300_000, ' '),
    };
    hub.files.set('tokenizer_config.json', big['tokenizer_config.json']);
    need(this, 'a user who may mount a small disk');
    const { status, stdout, stderr } = await run(`exec unshare -m bash -c '
      mkdir build && mount -t tmpfs -o size=128k none build
      opm import x/tiny && exit 9
      ls build build/tiny.part | tr "\\n" " "
      mount -o remount,size=4m build
      opm import x/tiny && cp -r build copy'`);
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^ggma: IMPORT_DISK_FULL: .*ENOSPC.*tokenizer_config.json\)\n$/);
    assert.match(stdout, /build: tiny.part .*tokenizer_config.json.part.* build\/tiny\n$/s);
    assert.deepEqual(
      new Uint8Array(readFileSync(join(scratch.path, 'copy/tiny/model.safetensors'))),
      weights,
    );
    const ranges = hub.seen.filter(
      ({ path, range }) => path.endsWith('tokenizer_config.json') && range !== undefined,
    );
    assert.equal(ranges.length, 1);
  });

  it('fault 18: a closed standard output and a read-only folder end well', async () => {
    await serveTiny();
    const closed = await run('opm import x/tiny | true');
    assert.deepEqual([closed.status, closed.stderr], [0, '']);
    assert.ok(existsSync(build('tiny/config.json')));
    const full = await run('opm --help > /dev/full || true; opm export > /dev/full');
    assert.match(full.stderr, /ggma: OUTPUT: .*ENOSPC.*\n$/);
    assert.equal(full.status, 1);
    const odd = await run('mkdir odd && cd odd && touch build && opm import x/tiny');
    assert.equal(odd.status, 1);
    assert.match(odd.stderr, /^ggma: OUTPUT: .*\n$/);
  });
});
