/** The README's own block, run by a shell in a scratch folder, with the commands that `make install` made. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { blocksOf } from '../support/markdown.ts';
import { needSharedDir } from '../support/need.ts';
import { root } from '../support/root.ts';

const readme = readFileSync(path.join(root, 'README.md'), 'utf8');

describe('the line, with installed commands', () => {
  let scratch = '';
  before(function () {
    this.timeout(300_000);
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma line '));
    execFileSync('npx', ['--no-install', 'tsx', 'scripts/install.ts', path.join(scratch, 'Product/out')], {
      cwd: root,
    });
    cpSync(path.join(root, 'models'), path.join(scratch, 'models'), { recursive: true });
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const shell = (script: string, cwd = scratch) =>
    spawnSync(
      'bash',
      ['--norc', '-euo', 'pipefail', '-c', `export PATH="${scratch}/Product/out/bin:$PATH"\n${script}`],
      {
        cwd,
        encoding: 'utf8',
      },
    );

  it("runs the README's block as it stands", () => {
    const block = blocksOf('README.md', readme).find(({ kind }) => kind === 'run')?.text ?? '';
    assert.ok(block.includes('merge.circles'));
    const { stdout, stderr, status } = shell(block);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[0]!, /^ggma_run v\d+\.\d+\.\d+ \(ggma runtime: v\d+\.\d+\.\d+, \w+\)$/);
    assert.equal(lines[1], 'prompt: Lily picked up a flower.');
    assert.match(lines[2]!, /^generated: \{ 308, 365, 265, 680, .* \}$/);
    assert.match(lines[3]!, /^detokenized: She liked the flower very much\. /);
  });

  it('runs the demo without a package, with the same text', () => {
    const { stdout, status } = shell('ggma_run');
    assert.equal(status, 0);
    assert.match(stdout, /detokenized: She liked the flower very much\. Her grandpa said/);
  });

  it("gives the demo's golden ids: 64 with --ignore-eos, and stops at the end of sequence without", function () {
    const shared = needSharedDir(this);
    const { cases } = JSON.parse(
      readFileSync(path.join(shared, 'golden/numeric/lily/prompts.json'), 'utf8'),
    ) as {
      cases: { text: string; greedy_ids: number[]; first_eos: number }[];
    };
    assert.equal(cases.length, 6);
    let ended = 0;
    for (const { text, greedy_ids: ids, first_eos: end } of cases) {
      const run = (flags: string) =>
        JSON.parse(
          shell(`ggma_run tinyllama --json -n ${ids.length} ${flags} -p '${text.replaceAll("'", `'\\''`)}'`)
            .stdout,
        ) as {
          ids: number[];
          finishReason: string;
        };
      assert.deepEqual(run('--ignore-eos').ids, ids, text);
      const stopped = run('');
      assert.deepEqual(stopped.ids, end < 0 ? ids : ids.slice(0, end), text);
      if (end >= 0) ended++;
    }
    assert.ok(ended > 0, 'no case ends');
  });

  it("gives probe's golden ids through its whole pipeline", function () {
    const shared = needSharedDir(this);
    symlinkSync(path.join(shared, 'models/probe'), path.join(scratch, 'probe-hf'));
    const { status, stderr } = shell(`
      mkdir probe && cd probe
      tinyllama --mode prefill --model ../probe-hf && tinyllama --mode decode --model ../probe-hf
      o2o fuse.attention + reshape.io input --by_shape [1,16,30,4] [1,16,32,4] + transpose.io.kvcache < decode_.circle > decode.circle
      o2o merge.circles prefill.circle decode.circle + fuse.bmm_lhs_const + downcast.input_ids + gc > model.circle
      cp ../probe-hf/config.json .`);
    assert.equal(stderr, '');
    assert.equal(status, 0);
    const { prompts } = JSON.parse(
      readFileSync(path.join(shared, 'golden/numeric/probe/prompts.json'), 'utf8'),
    ) as {
      prompts: Record<string, number[]>[];
    };
    let compared = 0;
    for (const prompt of prompts) {
      const ids = prompt.prompt_ids ?? prompt.ids!;
      const want = prompt.greedy_ids ?? prompt.greedy!;
      const { stdout } = shell(`ggma_run probe --json --ignore-eos -n ${want.length} --ids ${ids.join(',')}`);
      assert.deepEqual((JSON.parse(stdout) as { ids: number[] }).ids, want);
      compared++;
    }
    assert.equal(compared, 6);
  });

  it('is the same file through a pipe and in one process', () => {
    const { status } = shell(`
      fuse.attention < decode_.circle | reshape.io input --by_shape [1,16,30,4] [1,16,32,4] | transpose.io.kvcache > piped.circle
      o2o fuse.attention + reshape.io input --by_shape [1,16,30,4] [1,16,32,4] + transpose.io.kvcache < decode_.circle > chained.circle
      cmp piped.circle chained.circle`);
    assert.equal(status, 0);
  });

  it('fault 16: ends bad input with one line, exit 1 or 2, and nothing on standard output', () => {
    const cases: [string, number, RegExp][] = [
      ['gc < /dev/null', 1, /^ggma: CIRCLE_CORRUPT: .*\n$/],
      ['echo this is no model | gc', 1, /^ggma: CIRCLE_CORRUPT: .*\n$/],
      ['head -c 20000 decode_.circle | gc', 1, /^ggma: CIRCLE_\w+: .*\n$/],
      ['reshape.io sideways < decode_.circle', 2, /^ggma: USAGE: .*\n$/],
      ['o2o no.such.filter < decode_.circle', 2, /^ggma: USAGE: .*\n$/],
      ['merge.circles no-such-file.circle', 1, /^ggma: INPUT: .*no-such-file.*\n$/],
      ['tinyllama --mode sideways', 2, /^ggma: USAGE: .*\n$/],
      ['tinyllama --mode decode --model no-such-dir', 1, /^ggma: MODEL_NOT_FOUND: .*\n$/],
      ['ggma_run no-such-package', 1, /^ggma: PACKAGE_NOT_FOUND: .*\n$/],
    ];
    for (const [script, code, message] of cases) {
      const { stdout, stderr, status } = shell(script);
      assert.equal(status, code, script);
      assert.match(stderr, message, script);
      assert.equal(stdout, '', script);
    }
    assert.equal(existsSync(path.join(scratch, 'no-such-dir')), false);
  });

  it('fault 17: passes on what it finds nothing in, says so, and exits 1 with --strict', () => {
    const { stderr, status } = shell(
      'fuse.attention < prefill.circle > same.circle; cmp prefill.circle same.circle',
    );
    assert.equal(status, 0);
    assert.match(stderr, /^fuse\.attention: 0 of 8 attention blocks changed: /);
    assert.equal(shell('fuse.attention --strict < prefill.circle > none.circle').status, 1);
  });
});
