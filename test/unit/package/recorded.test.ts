/** ggma.json's sizes and hashes against the files that are there: by `load`, by verifyPackage, and by o2o verify. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main as o2o } from '../../../lib/cli/o2o.ts';
import { GgmaError } from '../../../lib/errors.ts';
import { packModel, writePackage, writePrepared } from '../../../lib/make/index.ts';
import {
  type LoadOptions,
  loadContents,
  readContents,
  load as realLoad,
  verifyPackage,
} from '../../../lib/package/index.ts';
import { scratchFolder } from '../../support/checkpoint.ts';
import { FakeEngine } from '../../support/fake-engine.ts';
import { fakeStreams } from '../../support/fake-streams.ts';
import { lilyDir } from '../../support/lily.ts';

describe('package/recorded', () => {
  let scratch: ReturnType<typeof scratchFolder>;
  let original: string;
  let made = 0;
  before(async () => {
    scratch = scratchFolder();
    original = join(scratch.path, 'original');
    await writePackage(original, { module: packModel(lilyDir), from: lilyDir, source: 'a/b@1' });
  });
  after(() => scratch.remove());

  const copy = (): string => {
    const dir = join(scratch.path, `${made++}`);
    cpSync(original, dir, { recursive: true });
    return dir;
  };
  const load = async (dir: string, options: LoadOptions = {}) => {
    const contents = await readContents(dir, undefined, { hashes: options.verify ?? false });
    const model = await loadContents(contents, options, () => new FakeEngine(() => 5));
    await model.close();
  };
  const refused = (promise: Promise<unknown>, code: string, pattern: RegExp, path: string) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof GgmaError, String(error));
      assert.deepEqual([error.code, error.path], [code, path]);
      assert.match(error.message, pattern);
      return true;
    });
  const run = async (argv: string[]) => {
    const streams = fakeStreams();
    const code = await o2o(argv, streams);
    return { code, out: streams.out(), err: streams.err() };
  };
  /** Another content of the same size. */
  const flip = (path: string) => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(path, bytes);
  };

  it('a package as it was made loads and is sound', async () => {
    const dir = copy();
    await load(dir);
    await load(dir, { verify: true });
    await (await realLoad(dir, { verify: true })).close();
    const { recorded, findings } = await verifyPackage(dir);
    const { files } = JSON.parse(readFileSync(join(dir, 'ggma.json'), 'utf8')) as { files: object };
    assert.ok(Object.keys(files).includes('tokenizer.model'));
    assert.deepEqual([recorded, findings], [Object.keys(files).length, []]);
    assert.deepEqual(await run(['verify', dir]), {
      code: 0,
      out: '',
      err: `${dir}: sound (${recorded} files as recorded)\n`,
    });
  });

  it('a truncated model.circle: load names the file, and how much of it is there', async () => {
    const dir = copy();
    const path = join(dir, 'model.circle');
    const size = readFileSync(path).length;
    truncateSync(path, 5000);
    const message = new RegExp(
      `^model\\.circle: expected ${size} bytes, got 5000; it holds 5000 of ${size} bytes, as ggma.json records; make or copy`,
    );
    await refused(load(dir), 'PACKAGE_DAMAGED', message, path);
    // Without ggma.json the model's own offsets say how much is needed at least.
    rmSync(join(dir, 'ggma.json'));
    await assert.rejects(load(dir), (error) => {
      assert.ok(error instanceof GgmaError, String(error));
      assert.equal(error.code, 'CIRCLE_CORRUPT');
      const [, needed] =
        /^expected at least (\d+) bytes, as offsets in the file say, got 5000: the file is cut short or damaged$/.exec(
          error.message,
        ) ?? assert.fail(error.message);
      assert.ok(Number(needed) > 5000 && Number(needed) <= size, `${needed} of ${size}`);
      assert.ok(error.path?.startsWith(path), error.path);
      return true;
    });
    // The same where the tables are there, and a part of the weights is missing.
    cpSync(join(original, 'model.circle'), path);
    truncateSync(path, size - 100);
    await assert.rejects(load(dir), { code: 'CIRCLE_CORRUPT', message: new RegExp(`got ${size - 100}: `) });
  });

  it('sizes are compared at each load, hashes where asked for: a wrong tokenizer.model is found', async () => {
    const dir = copy();
    const path = join(dir, 'tokenizer.model');
    // A piece of the same length: such a tokenizer loads, and gives other ids.
    const text = readFileSync(path, 'latin1');
    assert.ok(text.includes('flower'));
    writeFileSync(path, text.replace('flower', 'fluwer'), 'latin1');
    await load(dir);
    const hash = /^tokenizer\.model: expected sha256 [0-9a-f]{64}, got [0-9a-f]{64}, as ggma\.json records; /;
    await refused(realLoad(dir, { verify: true }), 'PACKAGE_DAMAGED', hash, path);
    const { findings, errors } = await verifyPackage(dir);
    assert.equal(errors, 1);
    assert.deepEqual([findings[0]!.code, findings[0]!.path], ['FILE_HASH', 'tokenizer.model']);
    const { code, out } = await run(['verify', dir]);
    assert.equal(code, 1);
    assert.match(out, /^error FILE_HASH tokenizer\.model: expected sha256 \w+, got \w+\n$/);
    writeFileSync(path, 'longer than before'.repeat(10_000));
    await refused(
      load(dir),
      'PACKAGE_DAMAGED',
      /^tokenizer\.model: expected \d+ bytes, got 180000, as/,
      path,
    );
  });

  it('all that differs is listed; load names the first and where to see the rest', async () => {
    const dir = copy();
    // Broken JSON: that would be an error of its own if the files were not compared before they are read.
    flip(join(dir, 'config.json'));
    rmSync(join(dir, 'tokenizer.model'));
    truncateSync(join(dir, 'tokenizer.json'), 10);
    const { findings } = await verifyPackage(dir);
    assert.deepEqual(findings.map(({ code, path }) => `${code} ${path}`).sort(), [
      'FILE_HASH config.json',
      'FILE_MISSING tokenizer.model',
      'FILE_SIZE tokenizer.json',
    ]);
    await assert.rejects(load(dir), {
      code: 'PACKAGE_DAMAGED',
      message: new RegExp(`\\(and 1 more; o2o verify ${dir} lists them\\)`),
    });
    const json = JSON.parse((await run(['verify', '--json', dir])).out) as { errors: number }[];
    assert.equal(json[0]!.errors, 3);
  });

  it('without ggma.json nothing is compared, and verify: true says what is missing', async () => {
    const dir = copy();
    rmSync(join(dir, 'ggma.json'));
    // White space changes its size and hash, and nothing that it says.
    appendFileSync(join(dir, 'tokenizer.json'), '\n');
    await load(dir);
    await refused(
      load(dir, { verify: true }),
      'PACKAGE_INCOMPLETE',
      /^expected ggma\.json, .* verify: true/,
      dir,
    );
    assert.equal((await verifyPackage(dir)).recorded, null);
  });

  it('a ggma.json of a newer ggma, or with names that lead out of the folder, is refused', async () => {
    const dir = copy();
    const path = join(dir, 'ggma.json');
    const manifest = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    writeFileSync(path, JSON.stringify({ ...manifest, format: 2 }));
    for (const attempt of [load(dir), verifyPackage(dir)])
      await refused(attempt, 'PACKAGE_VERSION', /format 1 or lower, got 2/, path);
    for (const name of ['../x', 'a/b', '..', 'a\\b']) {
      writeFileSync(path, JSON.stringify({ ...manifest, files: { [name]: { size: 1, sha256: '' } } }));
      await refused(verifyPackage(dir), 'CONFIG', /names of files without a path/, path);
    }
  });

  it('refuses what is no folder of ours, and ends at a signal', async () => {
    await refused(verifyPackage('/no/such'), 'PACKAGE_NOT_FOUND', /ENOENT/, '/no/such');
    const none = join(scratch.path, 'none');
    cpSync(join(original, 'config.json'), join(none, 'config.json'));
    await refused(verifyPackage(none), 'PACKAGE_INCOMPLETE', /got a folder with neither$/, none);
    const reason = new Error('enough');
    await assert.rejects(verifyPackage(original, { signal: AbortSignal.abort(reason) }), (e) => e === reason);
  });

  it('finds what is wrong with the model itself, too', async () => {
    const dir = copy();
    writeFileSync(join(dir, 'model.circle'), 'no model at all');
    const { findings } = await verifyPackage(dir);
    assert.deepEqual(
      findings.map(({ code, path }) => [code, path]),
      [
        ['FILE_SIZE', 'model.circle'],
        ['CIRCLE_CORRUPT', 'model'],
      ],
    );
  });

  describe('model.ggma', () => {
    it('an error of the disk is no damage: load fails with it instead of going on without the file', async () => {
      const dir = copy();
      await writePrepared(dir);
      const failing = () =>
        Object.assign(new FakeEngine(() => 5), {
          loadProgram: () => Promise.reject(new GgmaError('IO', 'expected to read the weights, got: EIO')),
        });
      await assert.rejects(loadContents(await readContents(dir), {}, failing), { code: 'IO' });
      // A folder of its name is what the system cannot read.
      rmSync(join(dir, 'model.ggma'));
      cpSync(join(dir, 'config.json'), join(dir, 'model.ggma', 'config.json'));
      await refused(load(dir), 'INPUT', /a readable file, got: a folder/, join(dir, 'model.ggma'));
    });

    it('a file that becomes shorter while it is read is a change: load goes on without it', async () => {
      const dir = copy();
      const file = await writePrepared(dir);
      let loads = 0;
      const engine = () => {
        const fake = new FakeEngine(() => 5);
        const { loadProgram } = fake;
        return Object.assign(fake, {
          loadProgram: (...given: Parameters<typeof loadProgram>) => {
            if (loads++ > 0) return loadProgram.apply(fake, given);
            truncateSync(file, 10_000);
            return Promise.reject(
              new GgmaError('IO', 'expected to read the weights, got: the end of the file'),
            );
          },
        });
      };
      const model = await loadContents(await readContents(dir), {}, engine);
      assert.equal(loads, 2);
      assert.match(
        model.warnings.join(),
        /model\.ggma: expected the file to stay as it is .* loaded without it/,
      );
      await model.close();
    });
  });
});
