/**
 * Damaged files: every truncation of a small one, random lengths and every section border of the demo's, random bytes
 * changed, half of them in the metadata. Each reader runs in a child with an address-space limit and a time limit; all
 * that may come out is success or a GgmaError. `make test-long` runs more, with other seeds.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../support/root.ts';

// Node alone reserves some gigabytes; what this catches is a length from a file that is allocated unchecked.
const addressSpaceKiB = 12_000_000;
const nodeFlags = '--disable-wasm-trap-handler --max-old-space-size=1000';
const long = process.env.GGMA_LONG === '1';
const campaigns = long
  ? { seeds: [2, 3, 4], flips: 30_000, lengths: 6000 }
  : { seeds: [1], flips: 10_000, lengths: 2000 };
const names = [
  'circle',
  'model',
  'prepared',
  'weights',
  'gguf',
  'config',
  'tokenizerJson',
  'sentencePiece',
  'program',
];

describe('damaged files', function () {
  this.timeout(long ? 3_600_000 : 300_000);
  let scratch = '';
  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma-damaged-'));
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  for (const name of names)
    for (const seed of campaigns.seeds)
      it(`fault 3, 7, 8, 12, 13, 19: ${name}, seed ${seed}: success or a GgmaError, nothing else`, function () {
        const caseFile = path.join(scratch, `${name}-${seed}`);
        const words = [name, seed, campaigns.flips, campaigns.lengths].join(' ');
        const { status, signal, stdout, stderr } = spawnSync(
          'bash',
          [
            '--norc',
            '-c',
            `ulimit -v ${addressSpaceKiB}; exec node ${nodeFlags} --import tsx test/fuzz/campaign.ts ${words}`,
          ],
          {
            cwd: root,
            encoding: 'utf8',
            timeout: this.timeout() - 5000,
            env: { ...process.env, GGMA_FUZZ_CASE: caseFile, TMPDIR: scratch },
          },
        );
        const last = () => readFileSync(caseFile, 'utf8').trim();
        assert.equal(signal ?? status, 0, `at "${last()}": ${stderr.slice(-3000)}`);
        const { accepted, refused } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
          accepted: number;
          refused: Record<string, number>;
        };
        assert.ok(accepted > 0);
        assert.ok(Object.values(refused).reduce((a, b) => a + b, 0) > 100, JSON.stringify(refused));
        // The catch-all code would hide what is wrong.
        assert.equal(refused.INTERNAL, undefined);
      });
});
