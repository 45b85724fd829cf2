/** ggma/package: what opm does, by functions. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from '../../lib/index.ts';
import { starterText } from '../../lib/make/index.ts';
import * as api from '../../lib/package-api.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../support/checkpoint.ts';
import { filesOf, HubServer, status } from '../support/hub-server.ts';
import { rejects } from '../support/rejects.ts';

describe('package-api', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let model = '';
  const at = (name: string) => join(scratch.path, name);
  beforeEach(() => {
    scratch = scratchFolder();
    model = writeModelDir(at('model'), { ...tinyConfig, eos_token_id: 2 }, tinyTensors());
  });
  afterEach(() => scratch.remove());

  it('from a directory to a prepared package that runs and is sound', async () => {
    assert.deepEqual(await api.importModel({ from: model, to: at('import') }), {
      warnings: [],
      changed: true,
    });
    const steps: string[] = [];
    const { warnings } = await api.makePackage({
      ...{ from: at('import'), to: at('out'), source: 'mine', prepare: true },
      onProgress: (what) => steps.push(what),
    });
    assert.deepEqual(warnings, []);
    assert.ok(steps.includes('fuse.attention') && steps.includes('model.norm.weight'), steps.join());
    assert.ok(existsSync(at('out/model.ggma')));
    assert.equal(
      (JSON.parse(readFileSync(at('out/ggma.json'), 'utf8')) as { source: string }).source,
      'mine',
    );
    const loaded = await load(at('out'));
    assert.equal((await loaded.complete([1], { maxTokens: 3, ignoreEos: true })).ids.length, 3);
    await loaded.close();
    const { recorded, errors } = await api.verifyPackage(at('out'));
    assert.deepEqual([recorded, errors], [2, 0]);
  });

  it('from a hub, with the commit, the token and the progress that it is told', async () => {
    const hub = await HubServer.start(filesOf(model));
    try {
      hub.fail('listing', status(503));
      const [stages, retries] = [new Set<string>(), [] as string[]];
      const options = {
        ...{ from: 'owner/tiny', to: pathToFileURL(at('tiny')), endpoint: hub.endpoint, token: 'hf_x' },
        onProgress: (progress: api.ImportProgress) =>
          stages.add(progress.stage === 'fetch' ? progress.file : progress.stage),
        onRetry: (reason: string) => retries.push(reason),
      };
      assert.equal((await api.importModel(options)).changed, true);
      assert.deepEqual([...stages].sort(), ['check', 'config.json', 'model.safetensors']);
      assert.match(retries.join(), /got 503/);
      assert.ok(hub.seen.every(({ authorization }) => authorization === 'Bearer hf_x'));
      assert.equal((await api.importModel(options)).changed, false);
      const reason = new Error('enough');
      await assert.rejects(
        api.importModel({ ...options, force: true, signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
    } finally {
      await hub.close();
    }
  });

  it('takes a pipeline, or the file of one, and runs it without writing', async () => {
    writeFileSync(at('pipeline.yaml'), `${starterText()}  - quantize --dtype f16\n`);
    const pipeline = await api.readPipeline(at('pipeline.yaml'));
    assert.equal(pipeline.model.at(-1), 'quantize --dtype f16');
    const before = readdirSync(scratch.path);
    const plain = await api.runPipeline({ from: model });
    const small = await api.runPipeline({ from: pathToFileURL(model), pipeline });
    assert.deepEqual([plain.warnings, small.module.graphs.length], [[], 2]);
    assert.ok(small.warnings.some((line) => line.startsWith('quantize: ')));
    assert.deepEqual(readdirSync(scratch.path), before);
    await api.makePackage({ from: model, to: at('small'), pipeline: pathToFileURL(at('pipeline.yaml')) });
    await api.makePackage({ from: model, to: at('plain'), pipeline: await api.parsePipeline('{}') });
    await api.makePackage({ from: model, to: at('half'), dtype: 'f16' });
    const size = (name: string) => statSync(at(`${name}/model.circle`)).size;
    assert.ok(size('small') < size('plain'));
    assert.equal(size('half'), size('small'));
    assert.equal(await api.prepare(pathToFileURL(at('plain'))), at('plain/model.ggma'));
  });

  it('replaces only what ggma made, unless it is told to', async () => {
    writeModelDir(at('mine'), {}, {});
    const target = { from: model, to: at('mine') };
    await rejects(api.makePackage(target), 'OUTPUT_EXISTS');
    await rejects(api.importModel(target), 'OUTPUT_EXISTS');
    await api.makePackage({ ...target, force: true });
    await api.makePackage(target);
    await api.importModel({ ...target, force: true });
  });

  it('checks its options', async () => {
    const wrong: [Promise<unknown>, RegExp][] = [
      [
        api.importModel({ from: 'a/b' } as api.ImportModelOptions),
        /a path, .* for to of importModel, got nothing/,
      ],
      [api.importModel({ from: '', to: 'x' }), /a path, or a file: URL for from, got ""/],
      [api.importModel({ from: 'a', to: 'x', name: 1 } as api.ImportModelOptions), /got name/],
      [api.importModel({ from: 'a', to: 'x', revision: '' }), /a string that is not empty for revision/],
      [
        api.makePackage(undefined as unknown as api.MakePackageOptions),
        /an object of options for makePackage/,
      ],
      [api.makePackage({ from: model } as api.MakePackageOptions), /for to of makePackage, got nothing/],
      [api.makePackage({ from: model, to: 'x', pipeline: 5 as unknown as string }), /a pipeline, .* got 5/],
      [api.runPipeline({} as api.RunPipelineOptions), /for from of runPipeline, got nothing/],
      [api.runPipeline({ from: model, dtype: 'f8' as 'f16' }), /'auto' or .* for dtype, got "f8"/],
      [api.runPipeline({ from: new URL('https://example.org') }), /a file: URL for from/],
      [api.prepare(undefined as unknown as string), /for dir of prepare, got nothing/],
      [api.prepare(7 as unknown as string), /for dir, got 7/],
    ];
    for (const [attempt, pattern] of wrong) await rejects(attempt, 'OPTION', pattern);
    await rejects(api.importModel({ from: './none', to: at('x') }), 'MODEL_NOT_FOUND', /ENOENT/);
    await rejects(api.importModel({ from: 'a b/c', to: at('x') }), 'IMPORT_NAME');
  });
});
