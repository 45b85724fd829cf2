import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  coresUpTo,
  count,
  counts,
  dtypesOf,
  flag,
  kvOf,
  models,
  nameOf,
  parseOptions,
} from '../../../../scripts/bench/options.ts';

const spec = {
  models: models('T0,S15'),
  dtypes: dtypesOf('f32'),
  threads: counts('1,2'),
  rounds: count('3'),
  kv: kvOf('f32'),
  way: nameOf(['up', 'down'], 'up'),
  screen: flag,
};

describe('options of benchmarks', () => {
  it('have defaults, lists and switches', () => {
    assert.deepEqual(parseOptions([], spec, 'none'), {
      ...{ models: ['T0', 'S15'], dtypes: ['f32'], threads: [1, 2], rounds: 3 },
      ...{ kv: ['f32'], way: 'up', screen: false, kit: null },
    });
    const words =
      '--models S135,T1 --dtypes=q8_0,q4_0 --threads 8 --rounds 12 --kv f16,f32 --way down --screen';
    assert.deepEqual(parseOptions(words.split(' '), spec, 'none'), {
      ...{ models: ['S135', 'T1'], dtypes: ['q8_0', 'q4_0'], threads: [8], rounds: 12 },
      ...{ kv: ['f16', 'f32'], way: 'down', screen: true, kit: null },
    });
  });

  const refused: [words: string, message: RegExp][] = [
    ['--models T0,T9', /^expected T0, S15, S135, T1 for --models, got 'T9'$/],
    ['--models T0,', /^expected T0, S15, S135, T1 for --models, got ''$/],
    ['--dtypes q5', /^expected f32, .*q4_0 for --dtypes, got 'q5'$/],
    ['--threads 1,0', /^expected a positive integer for --threads, got '0'$/],
    ['--rounds 1.5', /^expected a positive integer for --rounds, got '1.5'$/],
    ['--rounds -1', /^expected options of --models, .*--screen: /],
    ['--thread 2', /^expected options of --models, .*--screen: Unknown option '--thread'$/],
    ['--screen=yes', /^expected options of --models/],
    ['S15', /^expected options alone, got 'S15' too$/],
  ];
  for (const [words, message] of refused)
    it(`refuse ${words} in one line`, () => {
      assert.throws(
        () => parseOptions(words.split(' '), spec, 'none'),
        (error: Error) => message.test(error.message) && !error.message.includes('\n'),
      );
    });

  it('take the directory of the peers kit where one may stand, and only a set-up one', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'ggma-kit-'));
    try {
      const got = /^expected PEERS_DIR, a directory with lcpp\/bin\/llama-bench, got /;
      assert.throws(() => parseOptions([dir], {}, 'optional'), { message: got });
      assert.throws(() => parseOptions([], {}, 'required'), { message: /got nothing$/ });
      mkdirSync(path.join(dir, 'lcpp/bin'), { recursive: true });
      writeFileSync(path.join(dir, 'lcpp/bin/llama-bench'), '');
      assert.equal(parseOptions([dir], {}, 'required').kit, dir);
      assert.equal(parseOptions([dir], {}, 'optional').kit, dir);
      assert.equal(parseOptions([], {}, 'optional').kit, null);
      assert.throws(() => parseOptions([dir, 'x'], {}, 'required'), { message: /^expected one PEERS_DIR/ });
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('measure 1, 2, 4 … threads up to all cores', () => {
    assert.deepEqual([1, 2, 3, 8].map(coresUpTo), ['1', '1,2', '1,2,3', '1,2,4,8']);
  });
});
