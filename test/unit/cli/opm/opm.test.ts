import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuiltinOperator, readModel, TensorType } from '../../../../lib/circle/index.ts';
import { main } from '../../../../lib/cli/opm/index.ts';
import { starterText } from '../../../../lib/make/index.ts';
import { load } from '../../../../lib/package/index.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../../support/checkpoint.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';
import { commit, filesOf, HubServer, redirect, status } from '../../../support/hub-server.ts';
import { lilyDir } from '../../../support/lily.ts';
import { needSharedDir } from '../../../support/need.ts';

describe('cli/opm', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let dir = '';
  let model = '';
  beforeEach(() => {
    scratch = scratchFolder();
    dir = join(scratch.path, 'work');
    mkdirSync(dir);
    model = writeModelDir(join(scratch.path, 'tiny'), { ...tinyConfig, eos_token_id: 2 }, tinyTensors());
  });
  afterEach(() => scratch.remove());

  async function run(words: string, { env = {} as Record<string, string>, isTTY = false } = {}) {
    const streams = fakeStreams();
    streams.stderr.isTTY = isTTY;
    const argv = words === '' ? [] : words.split(' ');
    const code = await main(argv, streams, { dir, env });
    return { code, out: streams.out(), err: streams.err() };
  }
  const inBuild = () => (existsSync(join(dir, 'build')) ? readdirSync(join(dir, 'build')).sort() : null);

  it('explains itself', async () => {
    const { code, out } = await run('--help');
    assert.equal(code, 0);
    for (const word of ['init', 'import', 'export', 'prepare', 'clean']) {
      assert.match(out, new RegExp(`^ {2}${word}`, 'm'));
      const help = await run(`${word} --help`);
      assert.deepEqual([help.code, help.err], [0, '']);
      assert.match(help.out, new RegExp(`^Usage: opm ${word} `));
    }
    assert.match((await run('--version')).out, /^opm v\d+\.\d+\.\d+\n$/);
  });

  it('knows wrong usage', async () => {
    for (const words of [
      '',
      'install',
      'import',
      'import a b',
      'export -s gpt2',
      'prepare a b',
      'clean now',
      'init --x',
      'import a --revision',
    ]) {
      const { code, out, err } = await run(words);
      assert.deepEqual([code, out], [2, ''], words);
      assert.match(err, /^ggma: USAGE: .*\n$/, words);
    }
  });

  it('init says what the machine can do, and writes the starter once', async () => {
    const first = await run('init');
    assert.deepEqual([first.code, first.err], [0, '']);
    assert.match(
      first.out,
      /^node: \d+\.\d+\.\d+\naddon: v\d.*\ninstruction set: \w+ \(this machine has .*scalar\)\npipeline.yaml: written\n$/,
    );
    const path = join(dir, 'pipeline.yaml');
    assert.equal(readFileSync(path, 'utf8'), starterText());
    writeFileSync(path, 'model: [gc]\n');
    assert.match((await run('init')).out, /left as it is\n$/);
    assert.equal(readFileSync(path, 'utf8'), 'model: [gc]\n');
    await run('init --force');
    assert.equal(readFileSync(path, 'utf8'), starterText());
  });

  it('import, export, clean: a directory becomes a package, and goes again', async () => {
    assert.deepEqual(await run(`import ${model}`), { code: 0, out: 'build/tiny\n', err: '' });
    const exported = await run('export');
    assert.deepEqual([exported.code, exported.out], [0, 'build/out\n']);
    assert.deepEqual(inBuild(), ['out', 'tiny']);
    const loaded = await load(join(dir, 'build/out'));
    const { ids } = await loaded.complete([1, 2, 3], { maxTokens: 5, ignoreEos: true });
    assert.equal(ids.length, 5);
    await loaded.close();
    const { source } = JSON.parse(readFileSync(join(dir, 'build/out/ggma.json'), 'utf8')) as {
      source: string;
    };
    assert.equal(source, 'tiny', 'no path of this machine');
    writeFileSync(join(dir, 'build/mine'), '');
    mkdirSync(join(dir, 'build/tiny.part'));
    assert.equal((await run('clean')).out, 'removed build/out\nremoved build/tiny.part\n');
    assert.deepEqual(inBuild(), ['mine', 'tiny']);
    assert.equal((await run('clean --all')).out, 'removed build/tiny\n');
    assert.deepEqual(inBuild(), ['mine'], 'what opm did not make stays');
    assert.deepEqual(await run('clean --all'), { code: 0, out: '', err: '' });
  });

  it('prepare puts model.ggma into a package, and export --prepare makes one with it', async () => {
    await run(`import ${model}`);
    await run('export');
    const file = join(dir, 'build/out/model.ggma');
    assert.deepEqual(await run('prepare'), { code: 0, out: 'build/out/model.ggma\n', err: '' });
    const bytes = readFileSync(file);
    assert.ok(!bytes.includes(scratch.path), 'no path of this machine');
    cpSync(join(dir, 'build/out'), join(dir, 'mine'), { recursive: true });
    writeFileSync(join(dir, 'mine/model.ggma'), 'old');
    assert.equal((await run('prepare mine')).out, 'mine/model.ggma\n');
    assert.equal(readFileSync(join(dir, 'mine/model.ggma')).byteLength, bytes.byteLength);
    await run('export');
    assert.ok(!existsSync(file), 'of another model.circle');
    assert.equal((await run('export --prepare')).out, 'build/out\n');
    assert.equal(readFileSync(file).byteLength, bytes.byteLength);
    const { code, err } = await run('prepare nowhere');
    assert.equal(code, 1);
    assert.match(err, /^ggma: PACKAGE_NOT_FOUND: /);
  });

  it('export takes the pipeline that it is given, or finds', async () => {
    await run(`import ${model}`);
    writeFileSync(join(dir, 'other.yaml'), 'export: {cache_length: 8}\ndecode: [no.such.filter]\n');
    const wrong = await run('export -p other.yaml');
    assert.equal(wrong.code, 1);
    assert.match(
      wrong.err,
      /^ggma: PIPELINE: expected a filter's name, got 'no.such.filter' \(decode\[0\]\)\n$/,
    );
    assert.deepEqual(inBuild(), ['tiny'], 'nothing half');
    writeFileSync(join(dir, 'pipeline.yaml'), 'decode: [fuse.attention]\nmodel: [fuse.bmm_lhs_const]\n');
    const found = await run('export -s tinyllama tiny');
    assert.equal(found.code, 0);
    const plain = readFileSync(join(dir, 'build/out/model.circle'));
    writeFileSync(join(dir, 'pipeline.yaml'), starterText());
    assert.equal((await run('export build/tiny/')).code, 0);
    assert.ok(!plain.equals(readFileSync(join(dir, 'build/out/model.circle'))));
    assert.equal((await run('export -p nowhere.yaml')).code, 1);
  });

  it('export writes where -o says, and stores matrices as --dtype says', async () => {
    await run(`import ${model}`);
    assert.deepEqual(await run('export -o ../there/package --dtype bf16'), {
      code: 0,
      out: '../there/package\n',
      err: '',
    });
    assert.deepEqual(inBuild(), ['tiny']);
    const written = readFileSync(join(scratch.path, 'there/package/model.circle'));
    const types = readModel(written).subgraphs!.flatMap(({ tensors }) =>
      tensors!.filter(({ name }) => name?.endsWith('_proj_weight')).map(({ type }) => type),
    );
    assert.ok(types.length >= 14 && types.every((type) => type === TensorType.BFLOAT16), String(types));
    const loaded = await load(join(scratch.path, 'there/package'));
    assert.equal((await loaded.complete([1, 2, 3], { maxTokens: 5, ignoreEos: true })).ids.length, 5);
    await loaded.close();
    const wrong = await run('export --dtype q5_0');
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /expected auto, f32, .* for --dtype, got q5_0/);
    const inPlaceOfImport = await run('export -o build/tiny');
    assert.match(inPlaceOfImport.err, /^ggma: OUTPUT_EXISTS: /);
    assert.deepEqual(await run('export --dtype q8_0'), {
      code: 0,
      out: 'build/out\n',
      err: "ggma: warning: rows that are no multiple of q8_0's blocks of 32 stay f32: model.embed_tokens.weight, model.layers.0.self_attn.q_proj.weight, model.layers.0.self_attn.k_proj.weight and 13 more\n",
    });
  });

  it('export takes the reference’s own pipeline, which does not fuse attention: same ids as the usual one', async () => {
    await run(`import ${lilyDir} --name lily`);
    await run('export -o usual');
    const text = `decode: |
  reshape.io.py input --by_shape [1,16,30,4] [1,16,32,4] < decode.circle
      | transpose.io.kvcache.py > _.circle && mv _.circle decode.circle
merge: |
  merge.circles.py prefill.circle decode.circle
      | fuse.bmm_lhs_const.py | downcast.input_ids.py | gc.py > model.circle
`;
    writeFileSync(join(dir, 'pipeline.yaml'), text);
    const { code, err } = await run('export -o unfused');
    assert.equal(code, 0, err);
    // The caches of a decode graph that is not fused are laid out heads first: there is nothing to transpose.
    assert.match(err, /^ggma: warning: transpose\.io\.kvcache: 0 of 0 cache inputs changed: .*\n$/);
    const { subgraphs, operatorCodes } = readModel(readFileSync(join(dir, 'unfused/model.circle')));
    assert.equal(subgraphs!.length, 2);
    assert.ok(operatorCodes!.every(({ builtinCode }) => builtinCode !== BuiltinOperator.ATTENTION));
    const ids: number[][] = [];
    for (const name of ['usual', 'unfused']) {
      const loaded = await load(join(dir, name));
      const { ids: got } = await loaded.complete('Lily picked up a flower.', {
        maxTokens: 40,
        ignoreEos: true,
      });
      ids.push(got);
      await loaded.close();
    }
    assert.equal(ids[0]!.length, 40);
    assert.deepEqual(ids[1], ids[0]);
  });

  it('says what a filter did not find', async () => {
    await run(`import ${model}`);
    writeFileSync(join(dir, 'pipeline.yaml'), 'model: [fuse.attention, gc]\n');
    const { code, err } = await run('export');
    assert.equal(code, 0);
    assert.match(err, /^ggma: warning: fuse.attention: \d+ of \d+ attention blocks changed: .*\n$/);
  });

  it('export wants one import, or its name', async () => {
    const none = await run('export');
    assert.equal(none.code, 1);
    assert.match(none.err, /^ggma: MODEL_NOT_FOUND: .*opm import OWNER\/NAME/);
    await run(`import ${model}`);
    await run(`import ${model} --name other`);
    const several = await run('export');
    assert.equal(several.code, 2);
    assert.match(
      several.err,
      /expected a name, as build\/ holds 2 imported models \(other, tiny\): opm export other, for example/,
    );
    assert.equal((await run('export other')).code, 0);
    const unknown = await run('export third');
    assert.match(unknown.err, /MODEL_NOT_FOUND: .* called third, got other, tiny/);
    assert.match((await run('export out')).err, /MODEL_NOT_FOUND/);
  });

  it('says which folder a newer ggma made, instead of taking no notice of it', async () => {
    mkdirSync(join(dir, 'build', 'new'), { recursive: true });
    writeFileSync(join(dir, 'build', 'new', 'ggma.json'), '{"format": 2, "made": "import"}');
    for (const words of ['export', 'clean --all'])
      assert.match((await run(words)).err, /^ggma: PACKAGE_VERSION: .*build\/new\/ggma\.json\)\n$/, words);
    assert.deepEqual(inBuild(), ['new']);
  });

  it('fault 18: build/out that ggma did not make stays, unless --force', async () => {
    await run(`import ${model}`);
    mkdirSync(join(dir, 'build/out'));
    writeFileSync(join(dir, 'build/out/mine.txt'), 'mine');
    const { code, err } = await run('export');
    assert.equal(code, 1);
    assert.match(err, /^ggma: OUTPUT_EXISTS: /);
    assert.equal(readFileSync(join(dir, 'build/out/mine.txt'), 'utf8'), 'mine');
    assert.equal((await run('export --force')).code, 0);
    assert.deepEqual(inBuild(), ['out', 'tiny']);
  });

  it('fault 47: names that lead elsewhere end with one line, and nothing is written', async () => {
    for (const name of ['../../no-such', 'a/b/c', '/etc/no-such', 'a/b\0', 'a/out', 'a/OUT', 'a/CON']) {
      const { code, out, err } = await run(`import ${name}`);
      assert.deepEqual([code, out], [1, ''], name);
      assert.match(err, /^ggma: (?:IMPORT_NAME|MODEL_NOT_FOUND): .*\n$/, name);
    }
    for (const name of ['..', '../x', 'a/b', 'out', 'nul'])
      assert.match((await run(`import ${model} --name ${name}`)).err, /^ggma: IMPORT_NAME: /, name);
    assert.deepEqual(inBuild() ?? [], []);
    assert.deepEqual(readdirSync(scratch.path).sort(), ['tiny', 'work']);
  });

  describe('with a hub', () => {
    let hub: HubServer;
    beforeEach(async () => {
      hub = await HubServer.start(filesOf(model));
    });
    afterEach(() => hub.close());

    it('imports by name, with the token, and shows how far it is on a terminal', async () => {
      const env = { HF_ENDPOINT: hub.endpoint, HF_TOKEN: 'hf_x' };
      const { code, out, err } = await run('import owner/tiny --revision refs/pr/1', { env, isTTY: true });
      assert.deepEqual([code, out], [0, 'build/tiny\n'], err);
      assert.equal(hub.seen[0]!.path, '/api/models/owner/tiny/revision/refs%2Fpr%2F1');
      assert.equal(
        hub.seen[1]!.path,
        `/owner/tiny/resolve/${commit}/config.json`,
        'all files are of one commit',
      );
      assert.ok(hub.seen.every(({ authorization }) => authorization === 'Bearer hf_x'));
      assert.match(err, /\[#{24}\] 100 % of \d+\.\d kB {2}model.safetensors/);
      assert.match(err, /checking model.layers/);
      assert.ok(err.endsWith('\r\x1b[K'), 'and leaves the line empty');
      assert.match(
        (await run('import owner/tiny', { env })).err,
        /^build\/tiny holds this revision already\n$/,
      );
    });

    it('says nothing when there is no terminal', async () => {
      assert.deepEqual(await run('import owner/tiny', { env: { HF_ENDPOINT: hub.endpoint } }), {
        code: 0,
        out: 'build/tiny\n',
        err: '',
      });
    });

    it('fault 47: what a hub refuses is one line', async () => {
      const env = { HF_ENDPOINT: hub.endpoint };
      for (const [fault, code] of [
        [status(401), 'IMPORT_DENIED'],
        [status(404), 'IMPORT_NOT_FOUND'],
        [status(429, { 'retry-after': '9999' }), 'IMPORT_BUSY'],
        [redirect('file:///etc/passwd'), 'IMPORT_REDIRECT'],
      ] as const) {
        hub.fail('listing', fault);
        const { code: exit, out, err } = await run('import owner/tiny', { env });
        assert.deepEqual([exit, out], [1, '']);
        assert.match(err, new RegExp(`^ggma: ${code}: .*\\n$`));
      }
      assert.deepEqual(inBuild(), []);
      assert.match(
        (await run('import owner/tiny', { env: { HF_ENDPOINT: 'nonsense' } })).err,
        /IMPORT_ENDPOINT/,
      );
    });
  });

  it('from a hub to the golden ids: llama-gqa in three shards', async function () {
    const shared = needSharedDir(this);
    const hub = await HubServer.start(filesOf(join(shared, 'families/models/llama-gqa')));
    try {
      const imported = await run('import owner/llama-gqa', { env: { HF_ENDPOINT: hub.endpoint } });
      assert.deepEqual(imported, { code: 0, out: 'build/llama-gqa\n', err: '' });
      const shards = hub.seen.filter(({ path }) => path.endsWith('.safetensors'));
      assert.equal(shards.length, 3);
      assert.deepEqual(await run('export'), { code: 0, out: 'build/out\n', err: '' });
    } finally {
      await hub.close();
    }
    const { prompts } = JSON.parse(
      readFileSync(join(shared, 'families/golden/llama-gqa/prompts.json'), 'utf8'),
    ) as {
      prompts:
        | { text: string; ids: number[]; greedy: number[] }[]
        | Record<string, { text: string; ids: number[]; greedy: number[] }>;
    };
    const list = Object.values(prompts);
    assert.equal(list.length, 4);
    const loaded = await load(join(dir, 'build/out'));
    try {
      for (const { text, ids, greedy } of list) {
        assert.deepEqual(Array.from(loaded.tokenizer!.encode(text)), ids);
        const { ids: got } = await loaded.complete(text, { maxTokens: greedy.length, ignoreEos: true });
        assert.deepEqual(got, greedy);
      }
    } finally {
      await loaded.close();
    }
    cpSync(join(dir, 'build/out'), join(dir, 'elsewhere'), { recursive: true });
    const moved = await load(join(dir, 'elsewhere'));
    assert.equal(moved.tokenizer!.vocabSize, 640);
    await moved.close();
  });
});
