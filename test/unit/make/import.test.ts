import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseRepoId } from '../../../lib/hub/index.ts';
import { type ImportOptions, importModel } from '../../../lib/make/import.ts';
import { readManifest } from '../../../lib/package/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';
import { commit, cut, filesOf, HubServer, status } from '../../support/hub-server.ts';
import { lilyDir } from '../../support/lily.ts';
import { rejects } from '../../support/rejects.ts';

const retry = { attempts: 3, firstPause: 1, maxPause: 100 };

describe('make/import', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let model = '';
  let target = '';
  let hub: HubServer;
  beforeEach(async () => {
    scratch = scratchFolder();
    model = writeModelDir(join(scratch.path, 'model'), tinyConfig, tinyTensors());
    for (const name of ['tokenizer.json', 'tokenizer.model', 'tokenizer_config.json'])
      cpSync(join(lilyDir, name), join(model, name));
    target = join(scratch.path, 'build', 'tiny');
    hub = await HubServer.start({
      ...filesOf(model),
      'README.md': Buffer.from('#'),
      'onnx/model.onnx': Buffer.from('x'),
    });
  });
  afterEach(async () => {
    await hub.close();
    scratch.remove();
  });

  const fromHub = (options: ImportOptions = {}) =>
    importModel(
      { repo: parseRepoId('owner/tiny'), revision: 'main', hub: { endpoint: hub.endpoint, retry } },
      target,
      options,
    );
  const needed = [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer.model',
    'tokenizer_config.json',
  ];
  const left = () => readdirSync(join(scratch.path, 'build')).sort();

  for (const kind of ['hub', 'disk'] as const)
    it(`takes the needed files from the ${kind}, and says where they are from`, async () => {
      const { warnings, changed } = await (kind === 'hub' ? fromHub() : importModel({ dir: model }, target));
      assert.deepEqual([warnings, changed], [[], true]);
      assert.deepEqual(readdirSync(target).sort(), [...needed, 'ggma.json'].sort());
      for (const name of needed)
        assert.deepEqual(readFileSync(join(target, name)), readFileSync(join(model, name)));
      const { made, source, tokenizersAgree, files } = (await readManifest(target))!;
      assert.deepEqual([made, tokenizersAgree], ['import', true]);
      assert.equal(source, kind === 'hub' ? `owner/tiny@${commit}` : model);
      assert.deepEqual(Object.keys(files).sort(), needed);
      assert.deepEqual(left(), ['tiny']);
    });

  it('the same revision again is not fetched again; another repository does not take its place', async () => {
    await fromHub();
    hub.seen.length = 0;
    assert.equal((await fromHub()).changed, false);
    assert.deepEqual(
      hub.seen.map(({ path }) => path),
      ['/api/models/owner/tiny/revision/main'],
    );
    rmSync(join(target, 'tokenizer.model'));
    assert.equal((await fromHub()).changed, true, 'a folder with a hole is fetched again');
    assert.ok(existsSync(join(target, 'tokenizer.model')));
    await rejects(
      importModel({ dir: model }, target),
      'OUTPUT_EXISTS',
      /an import of .* got one of owner\/tiny@/,
    );
    assert.equal((await importModel({ dir: model }, target, { force: true })).changed, true);
  });

  it('fault 47: what breaks off leaves a part, no package, no lock; the next import goes on', async () => {
    hub.fail('model.safetensors', cut(100), cut(100), cut(100));
    await rejects(fromHub(), 'IMPORT_NETWORK');
    assert.deepEqual(left(), ['tiny.part']);
    const part = join(scratch.path, 'build/tiny.part/model.safetensors.part');
    const { size } = lstatSync(part);
    assert.ok(size > 0);
    hub.seen.length = 0;
    await fromHub();
    assert.deepEqual(left(), ['tiny']);
    const again = hub.seen.filter(({ path }) => /resolve/.test(path));
    assert.deepEqual(
      again.map(({ path, range }) => [path.split('/').at(-1), range]),
      [['model.safetensors', `bytes=${size}-`]],
    );
  });

  it('refuses a model that cannot be exported before its weights come', async () => {
    hub.files.set('config.json', Buffer.from(JSON.stringify({ ...tinyConfig, model_type: 'gpt2' })));
    await rejects(fromHub(), 'UNSUPPORTED', /one of llama, .* for model_type, got "gpt2"/);
    assert.ok(!hub.seen.some(({ path }) => path.endsWith('.safetensors')));
    assert.ok(!existsSync(target));
  });

  it('names what it reads by its origin, never by the folder where it gathers the files', async () => {
    const broken = { ...tinyConfig, num_attention_heads: 3 };
    hub.files.set('config.json', Buffer.from(JSON.stringify(broken)));
    const told = async (attempt: Promise<unknown>, path: string) =>
      assert.rejects(attempt, (error) => {
        assert.equal((error as { path?: string }).path, path);
        assert.doesNotMatch(String(error), /\.part/);
        return true;
      });
    await told(fromHub(), `owner/tiny@${commit}/config.json`);
    writeFileSync(join(model, 'config.json'), JSON.stringify(broken));
    await told(importModel({ dir: model }, target), join(model, 'config.json'));
    cpSync(join(lilyDir, 'tokenizer.model'), join(model, 'config.json'));
    await told(importModel({ dir: model }, target), join(model, 'config.json'));
  });

  it('a folder of a newer ggma is not taken for one of nobody', async () => {
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'ggma.json'), '{"format": 2}');
    await rejects(fromHub(), 'PACKAGE_VERSION', /got 2/);
    await fromHub({ force: true });
  });

  it('wants config.json and safetensors', async () => {
    hub.files.delete('model.safetensors');
    await rejects(fromHub(), 'IMPORT_INCOMPLETE', /model.safetensors or .* got neither/);
    hub.files.set('pytorch_model.bin', Buffer.from('x'));
    await rejects(fromHub(), 'IMPORT_INCOMPLETE', /got pytorch_model.bin, which are not read/);
    hub.files.delete('config.json');
    await rejects(fromHub(), 'IMPORT_INCOMPLETE', /expected config.json/);
    hub.fail('listing', status(404));
    await rejects(fromHub(), 'IMPORT_NOT_FOUND');
    await rejects(importModel({ dir: join(scratch.path, 'nowhere') }, target), 'MODEL_NOT_FOUND');
  });

  describe('fault 47: names in weight_map', () => {
    const withIndex = (map: Record<string, unknown>) => {
      hub.files.delete('model.safetensors');
      hub.files.set('model.safetensors.index.json', Buffer.from(JSON.stringify({ weight_map: map })));
      return fromHub();
    };

    it('that lead elsewhere, or mean something else', async () => {
      const names = [
        '../x.safetensors',
        '/x.safetensors',
        'a/x.safetensors',
        '..\\x.safetensors',
        'CON.safetensors',
      ];
      for (const name of [...names, 'x\0.safetensors', 'x.bin', '.safetensors', 7, null])
        await rejects(withIndex({ a: name }), 'IMPORT_UNSAFE', /plain names/);
      assert.deepEqual(readdirSync(scratch.path).sort(), ['build', 'model']);
      assert.deepEqual(left(), ['tiny.part']);
    });

    it('that differ in case alone, that nobody has, and none', async () => {
      hub.files.set('A.safetensors', Buffer.from('x'));
      hub.files.set('a.safetensors', Buffer.from('y'));
      await rejects(withIndex({ a: 'A.safetensors', b: 'a.safetensors' }), 'IMPORT_UNSAFE', /more than case/);
      await rejects(withIndex({ a: 'b.safetensors' }), 'IMPORT_INCOMPLETE', /the shard b.safetensors/);
      await rejects(withIndex({}), 'IMPORT_INCOMPLETE', /weight_map/);
    });
  });

  it('fault 47: links that lie in its way are not followed', async () => {
    const outside = join(scratch.path, 'outside');
    mkdirSync(outside);
    mkdirSync(join(scratch.path, 'build'));
    symlinkSync(outside, `${target}.part`);
    await rejects(fromHub(), 'IMPORT_UNSAFE', /a link/);
    rmSync(`${target}.part`);
    mkdirSync(`${target}.part`);
    const file = join(outside, 'file');
    writeFileSync(file, 'mine');
    for (const name of ['config.json', 'ggma.json', 'model.safetensors'])
      symlinkSync(file, join(`${target}.part`, name));
    await fromHub();
    await importModel({ dir: model }, target, { force: true });
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    assert.deepEqual(readdirSync(outside), ['file']);
  });

  it('fault 18: what ggma did not make is not replaced unasked', async () => {
    mkdirSync(target, { recursive: true });
    writeFileSync(join(target, 'notes.txt'), 'mine');
    await rejects(fromHub(), 'OUTPUT_EXISTS', /--force/);
    assert.equal(hub.seen.length, 0, 'nothing was asked for');
    assert.deepEqual(readdirSync(target), ['notes.txt']);
    await rejects(importModel({ dir: target }, target, { force: true }), 'IMPORT_NAME', /another directory/);
  });

  it('fault 11: warns of values that are no numbers, with the tensor’s name', async () => {
    for (const [dtype, bytes] of [
      ['F32', [0, 0, 0xc0, 0x7f]],
      ['BF16', [0x80, 0x7f]],
      ['F16', [0, 0xfc]],
    ] as const) {
      const tensors = tinyTensors();
      const norm = tensors['model.layers.1.input_layernorm.weight']!;
      norm.dtype = dtype;
      norm.bytes = new Uint8Array(8 * bytes.length);
      norm.bytes.set(bytes, 3 * bytes.length);
      writeModelDir(model, tinyConfig, tensors);
      const { warnings } = await importModel({ dir: model }, target);
      assert.deepEqual(warnings, [
        "'model.layers.1.input_layernorm.weight' holds values that are not finite (NaN or infinity)",
      ]);
    }
  });

  it('fault 20: warns when tokenizer.json and tokenizer.model disagree, with the first differing text', async () => {
    const json = JSON.parse(readFileSync(join(model, 'tokenizer.json'), 'utf8')) as {
      model: { merges: unknown[] };
    };
    json.model.merges.splice(50, 1);
    writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(json));
    const { warnings } = await importModel({ dir: model }, target);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^tokenizer.model and tokenizer.json disagree: ".+" is \[[\d, ]+\] and \[[\d, ]+\]; /,
    );
    assert.equal((await readManifest(target))!.tokenizersAgree, false);
  });

  it('fault 9: a shard that is not what the index says never gets the name', async () => {
    writeFileSync(join(model, 'model.safetensors'), 'junk');
    await rejects(importModel({ dir: model }, target), 'SAFETENSORS_TRUNCATED');
    assert.ok(!existsSync(target));
  });

  it('ends with the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const promise = importModel({ dir: model }, target, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(promise, (error) => error === reason);
    assert.deepEqual(left(), ['tiny.part']);
  });
});
