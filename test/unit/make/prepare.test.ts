import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeModel } from '../../../lib/circle/index.ts';
import { openHf } from '../../../lib/export/index.ts';
import { prepare } from '../../../lib/index.ts';
import { lower, type Module } from '../../../lib/ir/graph/index.ts';
import { runPipeline, seedPipeline } from '../../../lib/make/pipeline.ts';
import { writePrepared } from '../../../lib/make/prepare.ts';
import { type LoadOptions, type LoadStage, load } from '../../../lib/package/index.ts';
import type { Score } from '../../../lib/runtime/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';
import { lilyDir } from '../../support/lily.ts';

function sectionsOf(bytes: Buffer): Record<string, [at: number, bytes: number]> {
  const header = JSON.parse(bytes.toString('utf8', 16, 16 + bytes.readUInt32LE(12))) as {
    sections: Record<string, [number, number]>;
  };
  return header.sections;
}

describe('make/prepare', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(() => {
    scratch = scratchFolder();
  });
  afterEach(() => scratch.remove());

  const config = { ...tinyConfig, hidden_size: 64, num_attention_heads: 4, vocab_size: 96, eos_token_id: 2 };

  /** A package of the directory's model, with more filters. */
  function packageOf(from: string, filters: readonly string[] = [], name = 'package'): string {
    const dir = join(scratch.path, name);
    const pipeline = { ...seedPipeline, model: [...seedPipeline.model, ...filters] };
    writePackage(dir, runPipeline(openHf(from), pipeline), readFileSync(join(from, 'config.json'), 'utf8'));
    return dir;
  }
  function writePackage(dir: string, module: Module, configText: string): void {
    cpSync(lilyDir, dir, { recursive: true, filter: (file) => file === lilyDir });
    writeFileSync(join(dir, 'model.circle'), writeModel(lower(module)));
    writeFileSync(join(dir, 'config.json'), configText);
  }
  const tiny = (seed = 0, name = `tiny-${seed}`) => {
    const tensors = tinyTensors(config);
    for (const tensor of Object.values(tensors)) tensor.bytes[0]! ^= seed;
    return packageOf(writeModelDir(join(scratch.path, `${name}-hf`), config, tensors), [], name);
  };

  interface Result {
    ids: number[];
    score: Score;
    warnings: readonly string[];
    stages: LoadStage[];
    weightBytes: number;
  }
  async function results(dir: string, options: LoadOptions = {}, length = 12): Promise<Result> {
    const stages: LoadStage[] = [];
    const model = await load(dir, { threads: 1, ...options, onProgress: (stage) => stages.push(stage) });
    try {
      const prompt = Array.from({ length }, (_, i) => (7 * i + 1) % model.vocabSize);
      const { ids } = await model.complete(prompt, { maxTokens: 24, ignoreEos: true });
      const score = await model.score(prompt, { topLogprobs: 5 });
      const { weightBytes } = model.memory();
      return { ids, score, warnings: model.warnings, stages, weightBytes };
    } finally {
      await model.close();
    }
  }

  for (const dtype of ['f32', 'f16', 'bf16', 'q8_0', 'q4_0'])
    it(`gives the same bits with ${dtype}, read and mapped`, async () => {
      const dir = packageOf(lilyDir, dtype === 'f32' ? [] : [`quantize --dtype ${dtype}`]);
      const plain = await results(dir);
      assert.deepEqual(plain.stages, ['read', 'compile', 'pack', 'ready']);
      assert.equal(await prepare(dir), join(dir, 'model.ggma'));
      const prepared = await results(dir);
      assert.deepEqual(prepared, { ...plain, stages: ['read', 'pack', 'ready'] });
      const mapped = await results(dir, { mmap: true });
      assert.deepEqual(mapped, {
        ...prepared,
        weightBytes: process.platform === 'win32' ? plain.weightBytes : 0,
      });
      assert.deepEqual(await results(dir, { prepared: false }), plain);
      assert.deepEqual(await results(dir, { screen: true, kvDtype: 'f16' }), {
        ...(await results(dir, { screen: true, kvDtype: 'f16', prepared: false })),
        stages: prepared.stages,
      });
    });

  it('keeps f32 weights that are all bf16 in 16 bits, with the same bits', async () => {
    const tensors = tinyTensors(config);
    for (const { bytes } of Object.values(tensors))
      for (let at = 0; at < bytes.byteLength; at += 4) bytes.fill(0, at, at + 2);
    const dir = packageOf(writeModelDir(join(scratch.path, 'hf'), config, tensors));
    const wide = await results(dir, { narrow: false });
    const narrow = await results(dir);
    assert.deepEqual({ ...narrow, weightBytes: 0 }, { ...wide, weightBytes: 0 });
    assert.ok(narrow.weightBytes > 0 && narrow.weightBytes < 0.55 * wide.weightBytes);
    await prepare(dir);
    assert.deepEqual(await results(dir), { ...narrow, stages: ['read', 'pack', 'ready'] });
  });

  it('names the calls of a profile as the model itself does', async () => {
    const dir = tiny();
    const names = async (prepared: boolean) => {
      await using model = await load(dir, { threads: 1, profile: true, prepared });
      await model.complete([1, 2, 3], { maxTokens: 2, ignoreEos: true });
      return (await model.profile()).trace().traceEvents.map(({ name }) => name);
    };
    const plain = await names(false);
    assert.ok(
      plain.some((name) => /^layers\.0 mlp\.down_proj$/.test(name)),
      plain.join(),
    );
    await prepare(dir);
    assert.deepEqual(await names(true), plain);
  });

  it('goes on beyond the rows of the tables that it has', async () => {
    const dir = tiny();
    await writePrepared(dir, 0);
    for (const length of [20, 33, 100]) {
      const prepared = await results(dir, {}, length);
      const { stages, ...plain } = await results(dir, { prepared: false }, length);
      assert.deepEqual(prepared, { ...plain, stages: stages.filter((stage) => stage !== 'compile') });
    }
  });

  /** What `load` says of a file that it does without: the model's own results, and one warning. */
  async function assertUnused(dir: string, pattern: RegExp): Promise<void> {
    const { warnings, ...found } = await results(dir);
    const { warnings: others, ...plain } = await results(dir, { prepared: false });
    assert.deepEqual(found.ids, plain.ids);
    assert.deepEqual(found.score, plain.score);
    assert.deepEqual(warnings.slice(0, others.length), others);
    assert.equal(warnings.length, others.length + 1);
    assert.match(warnings.at(-1)!, pattern);
    assert.match(
      warnings.at(-1)!,
      /model\.ggma: expected .*; loaded without it \(`opm prepare \/\S+` replaces it\)$/,
    );
  }
  const replaceModel = (dir: string, other: string) =>
    writeFileSync(join(dir, 'model.circle'), readFileSync(join(other, 'model.circle')));

  it('is not used for another model.circle: of another size, or of the same with other weights', async () => {
    const [dir, other] = [tiny(), tiny(1)];
    await prepare(dir);
    const before = statSync(join(dir, 'model.circle'));
    replaceModel(dir, other);
    assert.equal(statSync(join(dir, 'model.circle')).size, before.size);
    await assertUnused(dir, /of this model\.circle, got one of another/);
    // The same time, as of files that a tool has unpacked.
    utimesSync(join(dir, 'model.circle'), before.atime, before.mtime);
    await assertUnused(dir, /of this model\.circle/);
    replaceModel(dir, packageOf(lilyDir, [], 'lily'));
    await assert.rejects(load(dir), { code: 'CONFIG' });
    replaceModel(dir, other);
    await prepare(dir);
    assert.deepEqual((await results(dir)).stages, ['read', 'pack', 'ready']);
  });

  it('is used in a copy of the package, whose files have other times', async () => {
    const dir = tiny();
    await prepare(dir);
    const copy = join(scratch.path, 'copy');
    cpSync(dir, copy, { recursive: true });
    utimesSync(join(copy, 'model.circle'), 1e9, 1e9);
    assert.deepEqual(await results(copy), await results(dir));
  });

  it('does not outlive its version, and is not trusted in what config.json says', async () => {
    const dir = tiny();
    const file = await prepare(dir);
    const bytes = readFileSync(file);
    const { version } = JSON.parse(
      readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
    ) as {
      version: string;
    };
    writeFileSync(
      file,
      Buffer.from(bytes.toString('latin1').replace(`"ggma":"${version}"`, '"ggma":"9.9.9"'), 'latin1'),
    );
    await assertUnused(dir, /that ggma .* made, got one of 9\.9\.9/);
    writeFileSync(file, bytes);
    for (const [change, code] of [
      [{ vocab_size: 95 }, 'CONFIG'],
      [{ num_hidden_layers: 3 }, 'SIGNATURE'],
    ] as const) {
      writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, ...change }));
      await assert.rejects(load(dir), { code });
    }
  });

  it('is left out where it is damaged: each section, and any end', async () => {
    const dir = tiny();
    const file = await prepare(dir);
    const bytes = readFileSync(file);
    const sections = sectionsOf(bytes);
    const program = sections.program![0];
    // The header's word 14: where the outputs are (lib/plan/format.ts).
    const outputs = program + bytes.readUInt32LE(program + 4 * 14);
    const damages: [Buffer, RegExp][] = [
      [Buffer.alloc(0), /begins with GGMAPREP/],
      [Buffer.concat([Buffer.from('x'), bytes.subarray(1)]), /begins with GGMAPREP/],
      [edited((copy) => copy.writeUInt32LE(7, 8)), /format 2, got 7/],
      [edited((copy) => copy.writeUInt32LE(1e6, 12)), /a header within 1024 bytes, got one of 1000000/],
      [edited((copy) => copy.fill('{', 16, 20)), /a header of JSON/],
      [bytes.subarray(0, bytes.byteLength - 1), /a place within \d+ bytes for the section weights/],
      [bytes.subarray(0, sections.tables![0]), /for the section tables/],
      [edited((copy) => copy.fill(0, sections.program![0])), /a program of version 2/],
      // Its vocabulary, the width of the logits: what config.json and the tokenizer are compared with.
      [edited((copy) => copy.writeUInt32LE(5, outputs + 8)), /for vocab_size/],
      // Its first weight's form: only the addon sees it.
      [edited((copy) => copy.writeUInt32LE(2, sections.program![0] + 96 + 32)), /form 0 or 1, got 2/],
      [edited((copy) => copy.writeUInt32LE(64, sections.program![0] + 96 + 16)), /packed bytes/],
    ];
    for (const [damaged, pattern] of damages) {
      writeFileSync(file, damaged);
      await assertUnused(dir, pattern);
    }

    function edited(change: (copy: Buffer) => void): Buffer {
      const copy = Buffer.from(bytes);
      change(copy);
      return copy;
    }
  });

  it('says at the position that needs it when the graph of the tables is damaged', async () => {
    const dir = tiny();
    const file = await writePrepared(dir, 0);
    const bytes = readFileSync(file);
    const [at] = sectionsOf(bytes).positions!;
    bytes.fill(0, at, at + 64);
    writeFileSync(file, bytes);
    const model = await load(dir, { threads: 1 });
    try {
      assert.deepEqual(model.warnings, []);
      assert.equal((await model.complete([1], { maxTokens: 4, ignoreEos: true })).ids.length, 4);
      for (let i = 0; i < 2; i++)
        await assert.rejects(model.complete([1], { maxTokens: 60, ignoreEos: true }), {
          code: 'CIRCLE_CORRUPT',
        });
    } finally {
      await model.close();
    }
  });

  it('writes nothing where the package is not sound, and leaves what was there', async () => {
    const dir = tiny();
    writeFileSync(join(dir, 'model.ggma'), 'older');
    const model = readFileSync(join(dir, 'model.circle'));
    writeFileSync(join(dir, 'model.circle'), model.subarray(0, 1000));
    await assert.rejects(prepare(dir), { code: 'CIRCLE_CORRUPT' });
    writeFileSync(join(dir, 'model.circle'), model);
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, vocab_size: 95 }));
    await assert.rejects(prepare(dir), { code: 'CONFIG' });
    await assert.rejects(prepare(join(dir, 'none')), { code: 'PACKAGE_NOT_FOUND' });
    assert.equal(readFileSync(join(dir, 'model.ggma'), 'utf8'), 'older');
    assert.deepEqual(
      readdirSync(dir).filter((name) => name.endsWith('.part')),
      [],
    );
    assert.ok(existsSync(join(dir, 'model.circle')));
  });

  it('is the same file each time, whatever lies in memory where weights are rounded up', async () => {
    const odd = { ...tinyConfig, vocab_size: 11 };
    const dir = packageOf(writeModelDir(join(scratch.path, 'odd'), odd, tinyTensors(odd)));
    const [first, second] = [readFileSync(await prepare(dir)), readFileSync(await prepare(dir))];
    assert.ok(first.equals(second));
    // The embedding's 11 rows of 8 floats come first, and end in the middle of 64 bytes.
    const [at] = sectionsOf(first).weights!;
    assert.ok(first.subarray(at, at + 352).some((byte) => byte !== 0));
    assert.ok(first.subarray(at + 352, at + 384).every((byte) => byte === 0));
  });

  it('has its sections at the alignments that mapping needs', async () => {
    const bytes = readFileSync(await prepare(tiny()));
    const sections = sectionsOf(bytes);
    for (const [name, [at, size]] of Object.entries(sections)) {
      assert.equal(at % (name === 'weights' ? 65536 : 64), 0, name);
      assert.ok(size > 0 && at + size <= bytes.byteLength, name);
    }
  });
});
