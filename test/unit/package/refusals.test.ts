/** What newcomers give `load` in place of a package: the message has the command that helps, in one line. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { main as ggmaRun } from '../../../lib/cli/ggma_run.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { load } from '../../../lib/package/index.ts';
import { packagePath } from '../../../lib/package/refusals.ts';
import { scratchFolder, tinyConfig, tinyTensors, writeModelDir } from '../../support/checkpoint.ts';
import { demoPackage } from '../../support/demo-package.ts';
import { fakeStreams } from '../../support/fake-streams.ts';
import { lilyDir } from '../../support/lily.ts';

describe('package/refusals', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  before(() => {
    scratch = scratchFolder();
  });
  after(() => scratch.remove());

  const folder = (name: string, files: Record<string, string>): string => {
    const dir = join(scratch.path, name);
    mkdirSync(dir);
    for (const [file, text] of Object.entries(files)) writeFileSync(join(dir, file), text);
    return dir;
  };

  /** By `load` and by the command, which says the same in one line. */
  async function refused(dir: string, code: string, pattern: RegExp): Promise<void> {
    await assert.rejects(load(dir), (error) => {
      assert.ok(error instanceof GgmaError, String(error));
      assert.deepEqual([error.code, error.path], [code, dir]);
      assert.match(error.message, pattern);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
    const streams = fakeStreams();
    assert.equal(await ggmaRun([dir], streams), 1);
    assert.match(streams.err(), new RegExp(`^ggma: ${code}: [^\\n]+\\n$`));
  }

  it('a Hugging Face directory: opm import and opm export', async () => {
    const hf = writeModelDir(join(scratch.path, 'hf'), tinyConfig, tinyTensors());
    await refused(
      hf,
      'PACKAGE_INCOMPLETE',
      new RegExp(`got a Hugging Face directory; .* in build/out: opm import ${hf} && opm export hf$`),
    );
    await refused(join(hf, 'model.safetensors'), 'PACKAGE_NOT_FOUND', /opm import \S+hf && opm export hf$/);
    await refused(join(hf, 'config.json'), 'PACKAGE_NOT_FOUND', /a file of a Hugging Face directory; /);
    const odd = writeModelDir(join(scratch.path, 'my model'), tinyConfig, tinyTensors());
    await refused(odd, 'PACKAGE_INCOMPLETE', /opm import "[^"]+\/my model" && opm export "my model"$/);
  });

  it('a directory that opm import made: opm export', async () => {
    const manifest = { format: 1, ggma: '0.1.0', made: 'import', source: 'a/b@12', files: {} };
    mkdirSync(join(scratch.path, 'build'));
    const dir = folder('build/imported', { 'ggma.json': JSON.stringify(manifest), 'model.safetensors': '' });
    await refused(dir, 'PACKAGE_INCOMPLETE', /got an import; opm export imported makes one of it$/);
    await refused(lilyDir, 'PACKAGE_INCOMPLETE', /opm import \S+lily && opm export lily$/);
  });

  it('a name on a hub: opm import and opm export', async () => {
    await refused(
      'Maykeye/TinyLLama-v0',
      'PACKAGE_NOT_FOUND',
      /if this is a model on a Hugging Face hub: opm import Maykeye\/TinyLLama-v0 && opm export TinyLLama-v0$/,
    );
    for (const path of ['/no/such', './no/such', 'a/b/c', 'nowhere', '../a/b'])
      await refused(path, 'PACKAGE_NOT_FOUND', /no such file or folder \(ENOENT\); opm makes packages/);
  });

  it('GGUF files, there or not, and folders of them: safetensors of the same model', async () => {
    const dir = folder('gguf', { 'tiny-q8_0.gguf': 'GGUF' });
    for (const file of [join(dir, 'tiny-q8_0.gguf'), 'no/such.GGUF'])
      await refused(file, 'PACKAGE_NOT_FOUND', /got a GGUF file, .*: opm import OWNER\/NAME && opm export$/);
    await refused(dir, 'PACKAGE_INCOMPLETE', /got GGUF files, .*: opm import OWNER\/NAME && opm export$/);
  });

  it('the model file instead of its directory: the directory', async () => {
    const dir = folder('file', { 'model.circle': '', 'model.ggma': '', other: '' });
    for (const name of ['model.circle', 'model.ggma'])
      await refused(
        join(dir, name),
        'PACKAGE_NOT_FOUND',
        new RegExp(`the directory that holds it.*"${dir}"$`),
      );
    await refused(join(dir, 'other'), 'PACKAGE_NOT_FOUND', /expected a package directory, got a file$/);
    await refused(folder('bare', {}), 'PACKAGE_INCOMPLETE', /missing model.circle and config.json$/);
  });

  it('no path at all, or another thing: OPTION', async () => {
    const wrong: [unknown, RegExp][] = [
      [undefined, /got nothing; for example: load\('build\/out'\)$/],
      [null, /got null;/],
      ['', /got "";/],
      [{ threads: 1 }, /got an object;/],
      [['a'], /got an array;/],
      [5, /got a number;/],
      [new URL('https://example.org/model'), /got https:\/\/example.org\/model;/],
    ];
    for (const [dir, pattern] of wrong)
      await assert.rejects(load(dir as string), (error) => {
        assert.ok(error instanceof GgmaError, String(error));
        assert.equal(error.code, 'OPTION');
        assert.match(
          error.message,
          /^expected the path of a package's directory as the first argument of load/,
        );
        assert.match(error.message, pattern);
        return true;
      });
  });

  it('a file: URL is a path', async () => {
    const { dir, remove } = demoPackage();
    try {
      assert.equal(packagePath('load', pathToFileURL(dir)), dir);
      const model = await load(pathToFileURL(`${dir}/`));
      assert.equal((await model.complete([1, 2], { maxTokens: 1 })).ids.length, 1);
      await model.close();
    } finally {
      remove();
    }
  });
});
