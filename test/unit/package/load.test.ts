import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readModel, verifyModel, writeModel } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { type LoadOptions, load, loadContents, readContents } from '../../../lib/package/index.ts';
import type { EngineOptions } from '../../../lib/runtime/index.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { goldenPrompts, writeGoldenPackage } from '../../support/golden-package.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';
import { needSharedDir } from '../../support/need.ts';

describe('package/load', () => {
  let shared: string;
  let root: string;
  let made = 0;
  before(async function () {
    shared = needSharedDir(this);
    root = await mkdtemp(join(tmpdir(), 'ggma-load-'));
  });
  after(() => (root === undefined ? undefined : rm(root, { recursive: true })));

  const golden = (name: 'probe' | 'stories260K') => writeGoldenPackage(shared, name, join(root, `${made++}`));

  /** Loads with an engine that computes nothing, and says what it was made with. */
  async function loadFake(dir: string, options: LoadOptions = {}) {
    const engine = new FakeEngine(() => 5);
    let engineOptions: EngineOptions | null = null;
    const promise = loadContents(await readContents(dir), options, (given) => {
      engineOptions = given;
      return engine;
    });
    const model = await promise;
    return { model, engine, engineOptions: engineOptions as EngineOptions | null };
  }

  async function edit(dir: string, change: (config: Record<string, unknown>) => void): Promise<string> {
    const path = join(dir, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    change(config);
    await writeFile(path, JSON.stringify(config));
    return dir;
  }

  const code = (expected: string, pattern: RegExp) => (error: unknown) => {
    assert.ok(error instanceof GgmaError, String(error));
    assert.equal(error.code, expected);
    assert.match(error.message, pattern);
    return true;
  };

  it('refuses a model with errors, with the path of the first, and takes one with warnings', async () => {
    const dir = await golden('probe');
    const path = join(dir, 'model.circle');
    const circle = readModel(await readFile(path));
    assert.ok(verifyModel(circle).warnings > 0);
    const weights = circle.subgraphs![1]!.tensors!.findIndex(({ shape }) => String(shape) === '1024,64');
    circle.subgraphs![1]!.tensors![weights]!.shape = [1024, 65];
    await writeFile(path, writeModel(circle));
    await assert.rejects(loadFake(dir), (error: unknown) => {
      assert.equal((error as GgmaError).path, `${path}: subgraphs[1].tensors[${weights}].buffer`);
      return code('CIRCLE_INVALID', /^DATA_SIZE: expected 266240 bytes .*, got 262144$/)(error);
    });
  });

  it('takes what the model has', async () => {
    const { model, engineOptions } = await loadFake(await golden('stories260K'));
    assert.deepEqual(
      [model.vocabSize, model.contextSize, model.eosIds, model.tokenizer?.vocabSize, model.warnings],
      [512, 512, [2], 512, []],
    );
    assert.deepEqual(engineOptions, {});
    const idsOnly = await loadFake(await golden('probe'), { threads: 3, contextSize: 100 });
    assert.equal(idsOnly.model.tokenizer, null);
    assert.equal(idsOnly.model.contextSize, 100);
    assert.deepEqual(idsOnly.engineOptions, { threads: 3 });
  });

  it('fault 36: reports its stages, and ends at a throwing callback or an abort', async () => {
    const dir = await golden('probe');
    const stages: string[] = [];
    await loadFake(dir, { onProgress: (stage) => stages.push(stage) });
    assert.deepEqual(stages, ['read', 'compile', 'pack', 'ready']);
    for (const last of stages) {
      const boom = new Error(last);
      await assert.rejects(
        loadFake(dir, {
          onProgress: (stage) => {
            if (stage === last) throw boom;
          },
        }),
        (error) => error === boom,
      );
      const controller = new AbortController();
      const aborted = loadFake(dir, {
        signal: controller.signal,
        onProgress: (stage) => {
          if (stage === last) controller.abort();
        },
      });
      if (last === 'ready') await aborted;
      else await assert.rejects(aborted, { name: 'AbortError' });
    }
    const reason = new Error('before');
    await assert.rejects(load(dir, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });

  it('refuses wrong options', async () => {
    const dir = await golden('probe');
    const wrong: [unknown, RegExp][] = [
      [{ threads: 0 }, /integer from 1 to 1024 for threads, got 0/],
      [{ contextSize: 1.5 }, /for contextSize, got 1.5/],
      [{ contextSize: 2049 }, /at most 2048 for contextSize, the model's limit, got 2049/],
      [{ memoryBudget: -1 }, /for memoryBudget, got -1/],
      [{ onProgress: 'no' }, /a function for onProgress, got "no"/],
      [{ context: 5 }, /got context/],
    ];
    for (const [options, pattern] of wrong)
      await assert.rejects(loadFake(dir, options as LoadOptions), code('OPTION', pattern));
    await assert.rejects(load(dir, { threads: 0 }), code('OPTION', /threads/));
  });

  it('checks that the parts belong together', async () => {
    const wide = await edit(await golden('probe'), (config) => {
      config.vocab_size = 2000;
    });
    await assert.rejects(loadFake(wide), code('CONFIG', /1024 for vocab_size, .* got 2000/));
    const foreign = await golden('stories260K');
    await copyFile(lilyTokenizerPath, join(foreign, 'tokenizer.model'));
    await assert.rejects(loadFake(foreign), code('TOKENIZER', /at most 512 pieces, .* got 1024/));
    const cut = await golden('probe');
    await writeFile(join(cut, 'model.circle'), (await readFile(join(cut, 'model.circle'))).subarray(0, 5000));
    await assert.rejects(loadFake(cut), (error) => error instanceof GgmaError && /^CIRCLE_/.test(error.code));
    const junk = await golden('stories260K');
    await writeFile(join(junk, 'tokenizer.model'), 'junk');
    await assert.rejects(loadFake(junk), code('TOKENIZER', /./));
  });

  it('fault 38: a budget that the weights exceed is refused before anything is allocated', async () => {
    const dir = await golden('stories260K');
    await assert.rejects(
      load(dir, { memoryBudget: 1000 }),
      code('OUT_OF_MEMORY', /room for the weights, need \d{5,} bytes, have 1000 of a budget of 1000/),
    );
    const { engineOptions } = await loadFake(dir, { memoryBudget: 100_000_000 });
    assert.deepEqual([engineOptions?.budgetBytes, engineOptions?.weightsInBudget], [100_000_000, true]);
  });

  it('fault 38: weights and caches share a budget, to the byte', async () => {
    const dir = await golden('stories260K');
    const first = await load(dir);
    const ids = Array.from({ length: 60 }, (_, i) => i + 3);
    const { ids: expected } = await first.complete(ids, { maxTokens: 4, ignoreEos: true });
    const { weightBytes } = first.memory();
    await first.close();
    const bare = await load(dir, { memoryBudget: weightBytes });
    await assert.rejects(
      bare.complete(ids, { maxTokens: 4 }),
      code('OUT_OF_MEMORY', /key\/value cache.* have 0 /),
    );
    await bare.close();
    await assert.rejects(load(dir, { memoryBudget: weightBytes - 1 }), code('OUT_OF_MEMORY', /the weights/));
    // 64 positions of 5 layers with 4 kv heads of 8, keys and values, f32.
    const enough = await load(dir, { memoryBudget: weightBytes + 64 * 5 * 4 * 8 * 2 * 4 });
    assert.deepEqual((await enough.complete(ids, { maxTokens: 4, ignoreEos: true })).ids, expected);
    await enough.close();
  });

  it('fault 6: warns of a package that names no end-of-sequence id', async () => {
    const dir = await edit(await golden('probe'), (config) => {
      delete config.eos_token_id;
    });
    await writeFile(join(dir, 'generation_config.json'), '{}');
    const { model } = await loadFake(dir);
    assert.deepEqual(model.eosIds, []);
    assert.match(model.warnings[0]!, /eos_token_id/);
  });

  for (const name of ['stories260K', 'probe'] as const)
    it(`the reference's ${name} gives the reference's ids`, async () => {
      const model = await load(await golden(name));
      try {
        const prompts = await goldenPrompts(shared, name);
        assert.ok(prompts.length >= 6);
        for (const { text, ids, greedy } of prompts) {
          const whole = await model.complete(ids, { maxTokens: greedy.length, ignoreEos: true });
          assert.deepEqual(whole.ids, greedy);
          const streamed: number[] = [];
          for await (const chunk of model.generate(ids, { maxTokens: 40, ignoreEos: true }))
            streamed.push(...chunk.ids);
          assert.deepEqual(streamed, greedy.slice(0, 40));
          if (model.tokenizer !== null && text !== null)
            assert.equal(
              model.tokenizer.decode(ids) + whole.text,
              model.tokenizer.decode([...ids, ...greedy]),
              'prompt and text are the text of all ids',
            );
        }
      } finally {
        await model.close();
      }
    });

  it('tells the published story', async () => {
    const model = await load(await golden('stories260K'));
    const { text } = await model.complete('', { maxTokens: 60 });
    assert.match(
      text,
      /^Once upon a time, there was a little girl named Lily\. She loved to play outside in the park\./,
    );
    await model.close();
  });

  it('fault 39: reads weights into private memory: a file that is cut afterwards changes nothing', async () => {
    const dir = await golden('stories260K');
    const { ids, greedy } = (await goldenPrompts(shared, 'stories260K'))[0]!;
    const model = await load(dir);
    await truncate(join(dir, 'model.circle'), 1000);
    const { ids: got } = await model.complete(ids, { maxTokens: 40, ignoreEos: true });
    await model.close();
    assert.deepEqual(got, greedy.slice(0, 40));
  });

  it('fault 39: a file that is cut while it is loaded is an error', async () => {
    const dir = await golden('stories260K');
    const onProgress = (stage: string) => {
      if (stage === 'pack') truncateSync(join(dir, 'model.circle'), 200_000);
    };
    await assert.rejects(load(dir, { onProgress }), code('IO', /become shorter/));
  });

  it('fault 39: a file that is written while it is loaded is an error', async () => {
    const dir = await golden('stories260K');
    const file = join(dir, 'model.circle');
    const bytes = readFileSync(file);
    const onProgress = (stage: string) => {
      if (stage === 'pack') writeFileSync(file, Buffer.concat([bytes, bytes]));
    };
    await assert.rejects(load(dir, { onProgress }), code('CIRCLE_CHANGED', /stay as it is/));
  });

  it('fault 39: maps the file when asked, with the same ids and less memory of its own', async () => {
    const dir = await golden('probe');
    const { ids, greedy } = (await goldenPrompts(shared, 'probe'))[1]!;
    const bytes: number[] = [];
    for (const mmap of [false, true]) {
      const model = await load(dir, { mmap });
      const { ids: got } = await model.complete(ids, { maxTokens: 64, ignoreEos: true });
      bytes.push(model.memory().weightBytes);
      await model.close();
      assert.deepEqual(got, greedy.slice(0, 64));
    }
    // The embedding table, 1,024 × 64 floats, stays in the file.
    assert.equal(bytes[0]! - bytes[1]!, 1024 * 64 * 4);
  });
});
