/** Packages whose parts do not belong together, and models that hold together badly: said at load, with the place. */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Model as Circle, readModel, writeModel } from '../../../lib/circle/index.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { packModel, writePackage } from '../../../lib/make/index.ts';
import type { PackageConfig } from '../../../lib/package/config.ts';
import { checkFit, loadContents, readContents } from '../../../lib/package/index.ts';
import type { Tokenizer } from '../../../lib/text/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { lilyDir } from '../../support/lily.ts';

describe('package/fit', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let tiny = '';
  let made = 0;
  before(async () => {
    scratch = scratchFolder();
    const hf = writeModelDir(join(scratch.path, 'hf'), { ...tinyConfig, eos_token_id: 2 }, tinyTensors());
    tiny = join(scratch.path, 'tiny');
    await writePackage(tiny, { module: packModel(hf), from: hf });
    // The tests change files; with ggma.json a change of size would be found before anything else is looked at.
    rmSync(join(tiny, 'ggma.json'));
  });
  after(() => scratch.remove());

  const copy = (): string => {
    const dir = join(scratch.path, `${made++}`);
    cpSync(tiny, dir, { recursive: true });
    return dir;
  };
  const load = async (dir: string) =>
    loadContents(await readContents(dir), {}, () => new FakeEngine(() => 5));
  const withConfig = (changes: Record<string, unknown>): string => {
    const dir = copy();
    const path = join(dir, 'config.json');
    writeFileSync(
      path,
      JSON.stringify({ ...(JSON.parse(readFileSync(path, 'utf8')) as object), ...changes }),
    );
    return dir;
  };
  const withModel = (change: (model: Circle) => void): string => {
    const dir = copy();
    const path = join(dir, 'model.circle');
    const model = readModel(new Uint8Array(readFileSync(path)));
    change(model);
    writeFileSync(path, writeModel(model));
    return dir;
  };
  const refused = (promise: Promise<unknown>, code: string | RegExp, pattern: RegExp, path?: RegExp) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof GgmaError, String(error));
      assert.match(error.code, typeof code === 'string' ? new RegExp(`^${code}$`) : code);
      assert.match(error.message, pattern);
      if (path !== undefined) assert.match(error.path ?? '', path);
      return true;
    });

  it('takes a package whose parts fit', async () => {
    const model = await load(copy());
    assert.deepEqual([model.vocabSize, model.warnings], [10, []]);
    await model.close();
  });

  it('fault 15: layers and cache shapes that config.json tells otherwise', async () => {
    await refused(load(withConfig({ num_hidden_layers: 3 })), 'SIGNATURE', /3 layers .* got 2 with a cache/);
    await refused(
      load(withConfig({ num_attention_heads: 4, num_key_value_heads: 2, head_dim: 4 })),
      'SIGNATURE',
      /caches of 2 heads of 4 in the model, .* got 1 of 4 in layer 0/,
    );
    await refused(load(withConfig({ head_dim: 8 })), 'SIGNATURE', /1 heads of 8 .* got 1 of 4/);
  });

  it('fault 15: no decode graph: says what was found; a model without prefill runs', async () => {
    const without = (index: number) => (model: Circle) => {
      model.subgraphs!.splice(index, 1);
      model.signatureDefs = model.signatureDefs!.filter(({ subgraphIndex }) => subgraphIndex !== index);
      for (const signature of model.signatureDefs) signature.subgraphIndex = 0;
    };
    await refused(
      load(withModel(without(1))),
      'SIGNATURE',
      /one decode graph .* got subgraphs\[0\] 'prefill'/,
    );
    await refused(
      load(
        withModel((model) => {
          model.subgraphs = [];
          model.signatureDefs = [];
        }),
      ),
      'CIRCLE_INVALID',
      /subgraph/,
    );
    const alone = await load(withModel(without(0)));
    assert.equal(alone.vocabSize, 10);
  });

  it('fault 4: a vocabulary of another width than the logits', async () => {
    await refused(load(withConfig({ vocab_size: 12 })), 'CONFIG', /10 for vocab_size, .* got 12/);
  });

  it('fault 19: tokenizers that are missing, empty, junk, or of another model', async () => {
    const ids = await load(copy());
    assert.equal(ids.tokenizer, null, 'without a tokenizer the model takes ids');
    for (const name of ['tokenizer.model', 'tokenizer.json'])
      for (const content of [
        '',
        'junk',
        '{}',
        '\0\0\0\0',
        readFileSync(join(lilyDir, name)).subarray(0, 700),
      ]) {
        const dir = copy();
        writeFileSync(join(dir, name), content);
        await refused(load(dir), 'TOKENIZER', /expected/, new RegExp(name));
      }
    for (const name of ['tokenizer.model', 'tokenizer.json']) {
      const dir = copy();
      cpSync(join(lilyDir, name), join(dir, name));
      await refused(load(dir), 'TOKENIZER', /at most 10 pieces, .* got 1024/);
    }
  });

  it('a tokenizer may have as many pieces as there are logits, and not one more', () => {
    const caches = [{ kvHeads: 1, headDim: 4 }];
    const config = { vocabSize: 10, layers: 1, kvHeads: 1, headDim: 4 } as PackageConfig;
    const check = (vocabSize: number) =>
      checkFit({ dir: 'x', config }, { vocabSize: 10, caches }, { vocabSize } as Tokenizer);
    check(9);
    check(10);
    assert.throws(() => check(11), { code: 'TOKENIZER', message: /at most 10 pieces, .* got 11$/ });
    // Each layer's cache is looked at, not the first alone.
    const two = { ...config, layers: 2 };
    for (const odd of [
      { kvHeads: 1, headDim: 8 },
      { kvHeads: 2, headDim: 4 },
    ])
      assert.throws(
        () => checkFit({ dir: 'x', config: two }, { vocabSize: 10, caches: [...caches, odd] }, null),
        { code: 'SIGNATURE', message: /in layer 1$/ },
      );
  });

  const decode = (model: Circle) => model.subgraphs![1]!;

  it('fault 14: models that do not hold together, with the place', async () => {
    const cases: [string, (model: Circle) => void][] = [
      [
        'an input that is no tensor',
        (model) => {
          decode(model).operators![3]!.inputs![0] = 10_000;
        },
      ],
      [
        'a required input left out',
        (model) => {
          decode(model).operators![3]!.inputs![0] = -1;
        },
      ],
      [
        'a buffer that is none',
        (model) => {
          decode(model).tensors![0]!.buffer = 10_000;
        },
      ],
      [
        'an operator code that is none',
        (model) => {
          decode(model).operators![0]!.opcodeIndex = 10_000;
        },
      ],
      [
        'an unknown operator',
        (model) => {
          const custom = {
            ...model.operatorCodes![0]!,
            builtinCode: 32,
            deprecatedBuiltinCode: 32,
            customCode: 'mine',
          };
          decode(model).operators![5]!.opcodeIndex = model.operatorCodes!.push(custom) - 1;
        },
      ],
      [
        'two producers',
        (model) => {
          const { operators } = decode(model);
          operators![4]!.outputs = [...operators![3]!.outputs!];
        },
      ],
      [
        'a cycle',
        (model) => {
          const { operators } = decode(model);
          operators![2]!.inputs![0] = operators!.at(-1)!.outputs![0]!;
        },
      ],
    ];
    for (const [what, change] of cases) {
      const dir = withModel(change);
      await assert.rejects(load(dir), (error) => {
        assert.ok(error instanceof GgmaError, `${what}: ${String(error)}`);
        assert.match(error.code, /^(?:CIRCLE|GRAPH|PLAN)_/, what);
        assert.match(
          error.path ?? error.message,
          /subgraphs\[1\]|subgraphs\[0\]/,
          `${what}: ${error.message}`,
        );
        return true;
      });
    }
  });

  it('fault 14: weights that are too short, with the real engine: refused, never read past', async () => {
    for (const shape of ['12,8', '8', '10,8']) {
      const dir = withModel((model) => {
        const weight = decode(model).tensors!.find((tensor) => String(tensor.shape) === shape)!;
        model.buffers![weight.buffer] = { data: new Uint8Array(16) };
      });
      await refused(
        loadContents(await readContents(dir)),
        /^(?:CIRCLE|PROGRAM)_INVALID$/,
        /expected .* got 16/,
      );
    }
  });
});
