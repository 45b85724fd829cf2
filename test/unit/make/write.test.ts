import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { readModel } from '../../../lib/circle/index.ts';
import { packModel } from '../../../lib/make/index.ts';
import { writePackage } from '../../../lib/make/write.ts';
import { areAsChecked, load, readContents, readManifest } from '../../../lib/package/index.ts';
import { scratchFolder } from '../../support/checkpoint.ts';
import { lilyDir } from '../../support/lily.ts';

describe('make/write', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let dir = '';
  beforeEach(() => {
    scratch = scratchFolder();
    dir = join(scratch.path, 'package');
  });
  afterEach(() => scratch.remove());

  const write = (to = dir, options: Parameters<typeof writePackage>[2] = {}, from = lilyDir) =>
    writePackage(to, { module: packModel(lilyDir), from, source: 'lily' }, options);

  it('weights lie behind the flatbuffer, aligned; the package tells its story', async () => {
    await write();
    const bytes = readFileSync(join(dir, 'model.circle'));
    const { buffers } = readModel(bytes);
    const weights = buffers!.flatMap(({ data }) =>
      data instanceof Uint8Array && data.length > 1000 ? [data] : [],
    );
    assert.ok(weights.length > 50, `${weights.length} weights`);
    const places = weights.map((data) => data.byteOffset - bytes.byteOffset);
    assert.ok(places.every((place) => place % 64 === 0));
    assert.ok(Math.min(...places) < 400_000, 'the tables come first');
    const model = await load(dir);
    const { text } = await model.complete('Lily picked up a flower.', { maxTokens: 12 });
    assert.match(text, /^ She liked the flower very much\./);
    await model.close();
  });

  it("carries the directory's own files, and says in ggma.json what they are", async () => {
    await write();
    const carried = [
      'config.json',
      'generation_config.json',
      'special_tokens_map.json',
      'tokenizer.json',
    ].concat(['tokenizer.model', 'tokenizer_config.json']);
    assert.deepEqual(readdirSync(dir).sort(), [...carried, 'ggma.json', 'model.circle'].sort());
    for (const name of carried)
      assert.deepEqual(readFileSync(join(dir, name)), readFileSync(join(lilyDir, name)), name);
    const manifest = await readManifest(dir);
    assert.deepEqual(
      [manifest!.made, manifest!.source, manifest!.tokenizersAgree],
      ['package', 'lily', true],
    );
    for (const [name, { size, sha256 }] of Object.entries(manifest!.files)) {
      const bytes = readFileSync(join(dir, name));
      assert.equal(size, bytes.length);
      assert.equal(sha256, createHash('sha256').update(bytes).digest('hex'));
    }
    assert.equal(Object.keys(manifest!.files).length, carried.length + 1);
  });

  it('fault 18: replaces what ggma made, and nothing else unasked', async () => {
    await write();
    writeFileSync(join(dir, 'extra.txt'), 'x');
    await write();
    assert.ok(!existsSync(join(dir, 'extra.txt')), 'a whole new folder');
    const mine = join(scratch.path, 'mine');
    mkdirSync(mine);
    writeFileSync(join(mine, 'notes.txt'), 'mine');
    await assert.rejects(write(mine), { code: 'OUTPUT_EXISTS', path: mine });
    assert.equal(readFileSync(join(mine, 'notes.txt'), 'utf8'), 'mine');
    await write(mine, { force: true });
    assert.ok(existsSync(join(mine, 'model.circle')));
    assert.deepEqual(readdirSync(scratch.path).sort(), ['mine', 'package'], 'nothing left beside them');
  });

  it('fault 18: what goes wrong leaves the old package, and nothing half', async () => {
    await write();
    const before = statSync(join(dir, 'model.circle')).mtimeMs;
    const from = join(scratch.path, 'from');
    cpSync(lilyDir, from, { recursive: true });
    writeFileSync(join(from, 'tokenizer.model'), 'junk');
    await assert.rejects(write(dir, {}, from), { code: 'TOKENIZER' });
    assert.equal(statSync(join(dir, 'model.circle')).mtimeMs, before);
    writeFileSync(join(scratch.path, 'file'), '');
    await assert.rejects(write(join(scratch.path, 'file', 'below')), {
      code: 'OUTPUT',
      message: /ENOTDIR|EEXIST/,
    });
    assert.deepEqual(readdirSync(scratch.path).sort(), ['file', 'from', 'package']);
  });

  it('fault 48: what was checked of tokenizers holds for those very files, and other formats are PACKAGE_VERSION', async () => {
    await write();
    const agrees = async () => areAsChecked(await readContents(dir));
    assert.equal(await agrees(), true);
    // Of the same size, which is all that is compared when a package is loaded.
    const text = readFileSync(join(dir, 'tokenizer.json'), 'utf8');
    writeFileSync(join(dir, 'tokenizer.json'), text.replace('flower', 'fluwer'));
    assert.equal(await agrees(), false);
    copyFileSync(join(lilyDir, 'tokenizer.json'), join(dir, 'tokenizer.json'));
    assert.equal(await agrees(), true);
    const path = join(dir, 'ggma.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    const wrong: [Record<string, unknown>, string, RegExp][] = [
      [{ format: 2 }, 'PACKAGE_VERSION', /format 1 or lower, got 2/],
      [{ format: 'x' }, 'CONFIG', /for format/],
      [{ made: 'up' }, 'CONFIG', /for made/],
      [{ tokenizers_agree: 1 }, 'CONFIG', /tokenizers_agree/],
      [{ files: [] }, 'CONFIG', /for files/],
      [{ files: { x: {} } }, 'CONFIG', /for files/],
    ];
    for (const [changes, code, message] of wrong) {
      writeFileSync(path, JSON.stringify({ ...manifest, ...changes }));
      await assert.rejects(readContents(dir), { code, message }, JSON.stringify(changes));
    }
  });

  it("holds for the demo's own files, so that it starts without sentencepiece-js", async () => {
    const contents = await readContents(lilyDir, new Uint8Array());
    assert.equal(contents.manifest!.tokenizersAgree, true);
    assert.equal(await areAsChecked(contents), true);
  });

  it('writes nothing that would not load', async () => {
    const from = join(scratch.path, 'from');
    cpSync(lilyDir, from, { recursive: true });
    const config = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8')) as Record<string, unknown>;
    writeFileSync(join(from, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: 7 }));
    await assert.rejects(write(dir, {}, from), { code: 'SIGNATURE', path: from });
    writeFileSync(join(from, 'config.json'), JSON.stringify({ ...config, eos_token_id: null }));
    writeFileSync(join(from, 'generation_config.json'), '{}');
    assert.match((await write(dir, {}, from))[0]!, new RegExp(`^${dir}: no eos_token_id`));
    assert.deepEqual(readdirSync(scratch.path).sort(), ['from', 'package']);
  });
});
