import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { download, Hub, type HubOptions, listFiles, parseRepoId } from '../../../lib/hub/index.ts';
import { retryAfter } from '../../../lib/hub/retry.ts';
import { scratchFolder } from '../../support/checkpoint.ts';
import { cut, HubServer, noRanges, redirect, send, serve, stall, status } from '../../support/hub-server.ts';
import { randomFloats, seeded } from '../../support/mutate.ts';
import { rejects } from '../../support/rejects.ts';

const repo = parseRepoId('owner/model');
const retry = { attempts: 4, firstPause: 1, maxPause: 200 };
const big = 'model.safetensors';

describe('hub/download', () => {
  const content = new Uint8Array(randomFloats(75_000, seeded(47)).buffer);
  let hub: HubServer;
  let scratch: ReturnType<typeof scratchFolder>;
  beforeEach(async () => {
    scratch = scratchFolder();
    hub = await HubServer.start({ [big]: content, 'config.json': Buffer.from('{"a": 1}\n') });
  });
  afterEach(async () => {
    await hub.close();
    scratch.remove();
  });

  const target = (name = big) => join(scratch.path, name);
  async function fetchFile(name = big, options: HubOptions = {}) {
    const client = new Hub({ endpoint: hub.endpoint, retry, ...options });
    const listing = await listFiles(client, repo, 'main');
    const told: number[] = [];
    await download(client, listing, listing.file(name), target(name), (bytes) => told.push(bytes));
    return told;
  }
  const isRight = () => assert.deepEqual(new Uint8Array(readFileSync(target())), content);
  const requests = () => hub.seen.filter(({ path }) => path.endsWith(big));

  it('brings a file, checked, and tells how far it is', async () => {
    const told = await fetchFile();
    isRight();
    assert.equal(told.at(-1), content.length);
    assert.deepEqual(
      [...told].sort((a, b) => a - b),
      told,
    );
    await fetchFile('config.json');
    assert.equal(readFileSync(target('config.json'), 'utf8'), '{"a": 1}\n');
    assert.deepEqual(readdirSync(scratch.path).sort(), ['config.json', big]);
    const before = requests().length;
    await fetchFile();
    assert.equal(requests().length, before, 'what is there is not fetched again');
  });

  it('fault 47: a broken connection goes on where it broke, by range', async () => {
    hub.fail(big, cut(100_000), cut(100_000), serve);
    await fetchFile();
    isRight();
    const ranges = requests().map(({ range, ifRange }) => [range !== undefined, ifRange !== undefined]);
    assert.deepEqual(ranges, [
      [false, false],
      [true, true],
      [true, true],
    ]);
  });

  it('fault 47: a short read is kept, and the next run goes on with it', async () => {
    hub.fail(big, ...Array.from({ length: 4 }, () => cut(30_000)));
    await rejects(fetchFile(), 'IMPORT_NETWORK');
    assert.ok(!existsSync(target()), 'no half file under the name');
    const kept = lstatSync(`${target()}.part`).size;
    assert.ok(kept > 0 && kept < content.length, `${kept} bytes kept`);
    hub.seen.length = 0;
    await fetchFile();
    isRight();
    assert.equal(requests()[0]!.range, `bytes=${kept}-`);
    assert.deepEqual(readdirSync(scratch.path), [big]);
  });

  it('fault 47: starts anew where the server knows no ranges, or has other content by now', async () => {
    hub.fail(big, cut(50_000), noRanges);
    await fetchFile();
    isRight();
    writeFileSync(`${target('x')}.part`, 'other');
    hub.files.set(big, content.slice(0, 200_000));
    await fetchFile();
    assert.equal(readFileSync(target()).length, 200_000);
  });

  it('fault 47: gives up on a server without ranges that always breaks at the same place', async () => {
    const always = Array.from({ length: 50 }, () => (...all: Parameters<typeof serve>) => {
      delete all[0].headers.range;
      cut(100_000)(...all);
    });
    hub.fail(big, ...always);
    await rejects(fetchFile(), 'IMPORT_NETWORK');
    assert.ok(requests().length < 10, `${requests().length} requests`);
  });

  it('fault 47: wrong content: once more from the start when it came in pieces, else an error', async () => {
    const wrong = content.slice();
    wrong[5]! ^= 1;
    hub.fail(big, send(wrong));
    await rejects(fetchFile(), 'IMPORT_HASH', /sha256 [0-9a-f]{64} for model\.safetensors/);
    assert.deepEqual(readdirSync(scratch.path), [], 'nothing of it is kept');
    // The first piece is wrong, the rest right.
    const lying = (...[request, response, file]: Parameters<typeof serve>) =>
      cut(60_000)(request, response, { ...file, content: wrong });
    hub.fail(big, lying);
    await fetchFile();
    isRight();
    hub.fail('config.json', send(Buffer.from('{"a": 2}\n')));
    await rejects(fetchFile('config.json'), 'IMPORT_HASH', /git-sha1/);
  });

  it('fault 47: wrong sizes', async () => {
    hub.fail(big, send(Buffer.concat([content, content])));
    await rejects(fetchFile(), 'IMPORT_SIZE', /expected 300000 bytes .* or more/);
    assert.deepEqual(readdirSync(scratch.path), []);
    hub.fail(big, ...Array.from({ length: 4 }, () => send(content.subarray(0, 1000))));
    await rejects(fetchFile(), 'IMPORT_SIZE', /expected 300000 bytes .* got 1000/);
    hub.editListing = (entries) => {
      entries[0]!.lfs = { ...(entries[0]!.lfs as object), size: -1 };
    };
    await rejects(fetchFile(), 'IMPORT_LISTING', /a size for/);
  });

  it('fault 47: 429 waits as long as it is told, 5xx a little, and both end', async () => {
    const pauses: number[] = [];
    const onPause = (_reason: string, pause: number) => pauses.push(pause);
    hub.fail(big, status(429, { 'retry-after': '0' }), status(503), status(500));
    await fetchFile(big, { onPause });
    isRight();
    assert.deepEqual(pauses, [0, 2, 4]);
    hub.fail('config.json', ...Array.from({ length: 9 }, () => status(429, { 'retry-after': '0' })));
    await rejects(fetchFile('config.json'), 'IMPORT_BUSY', /429/);
    assert.equal(hub.faults.get('config.json')!.length, 5, 'four attempts');
    hub.faults.clear();
    hub.fail('config.json', status(429, { 'retry-after': '3600' }));
    await rejects(fetchFile('config.json'), 'IMPORT_BUSY');
    hub.fail('config.json', ...Array.from({ length: 4 }, () => status(502)));
    await rejects(fetchFile('config.json'), 'IMPORT_SERVER', /502/);
    assert.equal(retryAfter('7'), 7000);
    assert.equal(retryAfter('Tue, 24 Nov 2026 10:00:05 GMT', Date.UTC(2026, 10, 24, 10)), 5000);
    assert.equal(retryAfter('soon'), null);
  });

  it('fault 47: 401, 403, 404 and others end at once', async () => {
    for (const [code, expected] of [
      [401, 'IMPORT_DENIED'],
      [403, 'IMPORT_DENIED'],
      [404, 'IMPORT_NOT_FOUND'],
      [400, 'IMPORT_SERVER'],
      [204, 'IMPORT_SERVER'],
    ] as const) {
      for (const place of ['listing', 'config.json']) {
        hub.seen.length = 0;
        hub.fail(place, status(code));
        await rejects(fetchFile('config.json'), expected, new RegExp(String(code)));
        assert.equal(hub.seen.length, place === 'listing' ? 1 : 2, 'asked once');
      }
    }
  });

  it('fault 47: no network', async () => {
    const { endpoint } = hub;
    await hub.close();
    await rejects(fetchFile(big, { endpoint }), 'IMPORT_NETWORK', /ECONNREFUSED/);
    hub = await HubServer.start({ [big]: content });
  });

  it('fault 47: a certificate that nobody vouches for is refused, at once', async () => {
    const tls = await HubServer.start({ [big]: content }, { tls: true });
    try {
      let paused = 0;
      await rejects(
        fetchFile(big, { endpoint: tls.endpoint, onPause: () => paused++ }),
        'IMPORT_TLS',
        /certificate/,
      );
      assert.equal(paused, 0);
      assert.equal(tls.seen.length, 0);
    } finally {
      await tls.close();
    }
  });

  it('follows redirects, and gives the token to the hub alone', async () => {
    const store = await HubServer.start({ stored: content });
    try {
      hub.fail(big, redirect(`${store.endpoint}/stored?signature=secret`));
      await fetchFile(big, { token: 'hf_token' });
      isRight();
      assert.deepEqual(
        store.seen.map(({ authorization }) => authorization),
        [undefined],
      );
      assert.deepEqual(
        hub.seen.map(({ authorization }) => authorization),
        ['Bearer hf_token', 'Bearer hf_token'],
      );
      hub.fail('config.json', redirect('/config.json'));
      await fetchFile('config.json');
      assert.equal(readFileSync(target('config.json'), 'utf8'), '{"a": 1}\n');
    } finally {
      await store.close();
    }
  });

  it('fault 47: redirects without end, or to what is no web address', async () => {
    hub.fail(big, ...Array.from({ length: 9 }, () => redirect('/model.safetensors')));
    await rejects(fetchFile(), 'IMPORT_REDIRECT', /at most 5/);
    hub.faults.clear();
    for (const place of ['file:///etc/passwd', 'ftp://x/y', 'javascript:0', 'http://']) {
      hub.fail(big, redirect(place));
      await rejects(fetchFile(), 'IMPORT_REDIRECT', /redirect to https/);
    }
    assert.deepEqual(readdirSync(scratch.path), []);
  });

  it('a connection that says nothing counts as broken', async () => {
    hub.fail(big, stall(1000));
    await fetchFile(big, { stallTime: 300 });
    isRight();
    assert.equal(requests()[1]!.range, 'bytes=1000-');
  });

  it('fault 47: never writes through a link that lies in the place of a part', async () => {
    const outside = join(scratch.path, 'outside');
    writeFileSync(outside, 'mine');
    for (const suffix of ['', '.part', '.part.json']) symlinkSync(outside, target() + suffix);
    await fetchFile();
    isRight();
    assert.ok(lstatSync(target()).isFile());
    assert.equal(readFileSync(outside, 'utf8'), 'mine');
    mkdirSync(`${target('config.json')}.part`);
    await rejects(fetchFile('config.json'), 'IMPORT_WRITE');
  });

  it('ends with the signal, and keeps what there is', async () => {
    hub.fail(big, stall(4096));
    const controller = new AbortController();
    const reason = new Error('enough');
    const client = new Hub({ endpoint: hub.endpoint, signal: controller.signal });
    const listing = await listFiles(client, repo, 'main');
    const promise = download(client, listing, listing.file(big), target(), (bytes) => {
      if (bytes > 0) controller.abort(reason);
    });
    await assert.rejects(promise, (error) => error === reason);
    assert.ok(lstatSync(`${target()}.part`).size > 0);
    await fetchFile();
    isRight();
  });

  describe('listing', () => {
    it('fault 47: names that no honest hub has', async () => {
      const names = ['../x', '/etc/passwd', 'a/../../b', 'a\\b', 'a\0b', 'C:/x', './x', 'a//b', ''];
      for (const name of names) {
        hub.editListing = (entries) => entries.push({ ...entries[0]!, rfilename: name });
        await rejects(fetchFile('config.json'), 'IMPORT_UNSAFE', /inside the repository/);
      }
      assert.deepEqual(readdirSync(scratch.path), []);
    });

    it('fault 47: what is no listing', async () => {
      for (const text of [
        '',
        'no',
        '[]',
        '{}',
        '{"sha": "x", "siblings": []}',
        '{"a":1,"a":2}',
        `{"sha": "${'a'.repeat(40)}"}`,
      ]) {
        hub.fail('listing', send(Buffer.from(text)));
        await rejects(fetchFile(), 'IMPORT_LISTING');
      }
      hub.editListing = (entries) => entries.push(entries[0]!);
      await rejects(fetchFile(), 'IMPORT_LISTING', /once/);
      hub.editListing = (entries) => {
        delete entries[1]!.blobId;
      };
      await rejects(fetchFile('config.json'), 'IMPORT_LISTING', /a hash for "config.json"/);
      await fetchFile();
    });
  });

  it('refuses addresses and tokens that are none', () => {
    for (const endpoint of ['', 'hub', 'ftp://x', 'http://user:word@x', 'https://x/?q', 'file:///x'])
      assert.throws(() => new Hub({ endpoint }), { code: 'IMPORT_ENDPOINT' }, endpoint);
    assert.throws(() => new Hub({ endpoint: 'http://example.org', token: 'x' }), {
      code: 'IMPORT_ENDPOINT',
      message: /https/,
    });
    assert.throws(() => new Hub({ token: 'a\r\nb' }), { code: 'IMPORT_TOKEN' });
  });
});
