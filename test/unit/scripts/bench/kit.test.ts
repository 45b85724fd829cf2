import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildFlags, type Cell, peers, readRunner } from '../../../../scripts/bench/kit.ts';

const cell: Cell = { model: 'T0', dtype: 'f32', threads: 1 };

describe('the peers kit', () => {
  let kit: string;
  beforeEach(() => {
    kit = mkdtempSync(path.join(os.tmpdir(), 'ggma-kit-'));
    for (const dir of ['lcpp/bin', 'kit', 'models']) mkdirSync(path.join(kit, dir), { recursive: true });
  });
  afterEach(() => rmSync(kit, { recursive: true }));

  const run = (name: string) => peers.find((peer) => peer.name === name)!.run(kit, cell);

  it('names a peer without a model', () => {
    for (const { name } of peers) assert.deepEqual(run(name), { reason: 'no model T0 f32' });
  });

  it('says how a peer failed, and takes figures from its last line of JSON', () => {
    writeFileSync(path.join(kit, 'models/T0-f32.gguf'), '');
    const runner = path.join(kit, 'kit/run_nlc.mjs');
    writeFileSync(runner, "console.error('trace'); console.error('no such backend'); process.exit(3)");
    assert.deepEqual(run('node-llama-cpp'), { reason: 'failed: status 3 no such backend' });
    const line = { version: '3.1', pp32: 10.5, pp32_max: 11, tg128: 4, tg64: null, load_ms: 3 };
    writeFileSync(runner, `console.log('loading'); console.log(${JSON.stringify(JSON.stringify(line))})`);
    assert.deepEqual(run('node-llama-cpp'), { figures: { pp32: 10.5, tg128: 4 }, version: '3.1' });
  });

  it('reads what llama-bench prints', () => {
    writeFileSync(path.join(kit, 'models/T0-f32.gguf'), '');
    const bench = path.join(kit, 'lcpp/bin/llama-bench');
    const row = { n_prompt: 32, n_gen: 0, samples_ts: [3, 1, 2], build_commit: 'abc' };
    const rows = [row, { ...row, n_prompt: 0, n_gen: 128, samples_ts: [7] }];
    writeFileSync(bench, `#!/bin/sh\ncat <<'E'\n${JSON.stringify(rows)}\nE\n`);
    chmodSync(bench, 0o755);
    assert.deepEqual(run('llama-bench'), { figures: { pp32: 2, tg128: 7 }, version: 'abc' });
  });

  it('has no figures from a runner that printed none', () => {
    const none = { reason: 'failed: printed no figures' };
    assert.deepEqual(readRunner('hello\n'), none);
    assert.deepEqual(readRunner('{"version":"1","tg64":null}\n'), none);
  });

  it('says how llama.cpp was built', () => {
    assert.equal(buildFlags(kit), 'unknown');
    writeFileSync(
      path.join(kit, 'lcpp/CMakeCache.txt'),
      'CMAKE_BUILD_TYPE:STRING=Release\nGGML_NATIVE:BOOL=ON\n',
    );
    assert.equal(buildFlags(kit), 'CMAKE_BUILD_TYPE=Release GGML_NATIVE=ON');
  });
});
