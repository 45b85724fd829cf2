/** Loading compiles on a thread of its own: what the built library does, in processes of its own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { load } from '../../lib/package/index.ts';
import { demoPackage } from '../support/demo-package.ts';
import { root } from '../support/root.ts';

describe('e2e/load-thread', () => {
  const { dir, remove } = demoPackage();
  after(remove);
  let made = 0;

  /** Runs a module's text in a process that has `load` and `dir`; what it prints is JSON. */
  function run<T>(text: string, { of = dir, env = {} as Record<string, string> } = {}): T {
    const code = `import { load, GgmaError } from ${JSON.stringify(pathToFileURL(join(root, 'dist/index.js')).href)};
    const dir = ${JSON.stringify(of)};
    const print = (value) => console.log(JSON.stringify(value));
    const failure = ({ name, code, message, path }) => ({ name, code, message, path });
    ${text}`;
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      encoding: 'utf8',
      env: { ...process.env, ...env },
    });
    assert.deepEqual([status, stderr], [0, '']);
    return JSON.parse(stdout) as T;
  }

  const generate = `
    const model = await load(dir, { threads: 1, contextSize: 100 });
    const { ids } = await model.complete([1, 2, 3], { maxTokens: 90, ignoreEos: true });
    const { logprobs } = await model.score(ids);
    await model.close();
    print({ ids, logprobs, warnings: model.warnings });`;

  /** The same on this thread: sources in TypeScript cannot be run on another. */
  async function reference() {
    const model = await load(dir, { threads: 1, contextSize: 100 });
    const { ids } = await model.complete([1, 2, 3], { maxTokens: 90, ignoreEos: true });
    const { logprobs } = await model.score(ids);
    await model.close();
    return { ids, logprobs, warnings: [...model.warnings] };
  }

  /** The files of dist that each thread of a process runs, by what V8 has seen: the main thread's first. */
  function threadsOf(text: string): string[][] {
    const folder = join(dir, `coverage-${made++}`);
    mkdirSync(folder);
    run(text, { env: { NODE_V8_COVERAGE: folder } });
    const dist = pathToFileURL(join(root, 'dist/')).href;
    // coverage-PROCESS-TIME-THREAD.json
    const thread = (name: string) => Number(/-(\d+)\.json$/.exec(name)![1]);
    return readdirSync(folder)
      .sort((a, b) => thread(a) - thread(b))
      .map((name) => {
        const { result } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
          result: { url: string }[];
        };
        return result.flatMap(({ url }) => (url.startsWith(dist) ? [url.slice(dist.length)] : []));
      });
  }

  it('the main thread runs nothing of the reader, the checks or the compiler, and the results are the same', async () => {
    const [main, thread, ...others] = threadsOf(generate);
    assert.deepEqual(others, []);
    assert.ok(thread!.includes('chunks/compile.js'), thread!.join());
    assert.ok(main!.includes('chunks/start.js') && !main!.includes('chunks/compile.js'), main!.join());
    assert.deepEqual(run(generate), await reference());
  });

  it('an error arrives as it was thrown, and the process ends by itself', () => {
    const cut = join(dir, 'cut');
    mkdirSync(cut);
    for (const name of ['model.circle', 'config.json']) copyFileSync(join(dir, name), join(cut, name));
    truncateSync(join(cut, 'model.circle'), 3000);
    const attempt = `await load(dir).catch((error) => print([error instanceof GgmaError, failure(error)]));`;
    const [isOurs, error] = run<[boolean, Record<string, string>]>(attempt, { of: cut });
    assert.ok(isOurs);
    assert.equal(error.code, 'CIRCLE_CORRUPT');
    assert.match(error.message!, /got 3000: the file is cut short or damaged$/);
    assert.ok(error.path!.startsWith(join(cut, 'model.circle')), error.path);
    writeFileSync(join(cut, 'model.circle'), '');
    assert.equal(run<[boolean, { code: string }]>(attempt, { of: cut })[1].code, 'CIRCLE_CORRUPT');
  });

  it('an abort or a throwing callback ends the thread, and leaves no open file', () => {
    const found = run<unknown>(`
      const { readdirSync } = await import('node:fs');
      const files = () => process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
      await (await load(dir)).close();
      const before = files();
      const said = [];
      for (const stage of ['read', 'compile', 'pack']) {
        const controller = new AbortController();
        await load(dir, { signal: controller.signal, onProgress: (at) => at === stage && controller.abort(new Error(stage)) })
          .catch((error) => said.push(error.message));
        await load(dir, { onProgress: (at) => { if (at === stage) throw new Error('in ' + stage); } })
          .catch((error) => said.push(error.message));
      }
      const late = new AbortController();
      const attempt = load(dir, { signal: late.signal });
      setImmediate(() => late.abort(new Error('late')));
      await attempt.catch((error) => said.push(error.message));
      print([said, files() - before]);`);
    assert.deepEqual(found, [['read', 'in read', 'compile', 'in compile', 'pack', 'in pack', 'late'], 0]);
  });

  it('several at once each have their thread', async () => {
    const { ids } = await reference();
    const found = run<number[][]>(`
      const models = await Promise.all([1, 2, 3].map(() => load(dir, { threads: 1, contextSize: 100 })));
      const texts = await Promise.all(models.map((model) => model.complete([1, 2, 3], { maxTokens: 90, ignoreEos: true })));
      for (const model of models) await model.close();
      print(texts.map(({ ids }) => ids));`);
    assert.deepEqual(found, [ids, ids, ids]);
  });

  it('where the system starts no thread, or one that ends at once, the main thread compiles', async () => {
    const expected = await reference();
    const broken = (body: string) => `
      const { EventEmitter } = process.getBuiltinModule('node:events');
      process.getBuiltinModule('node:worker_threads').Worker = class extends EventEmitter {
        constructor() { super(); ${body} }
        async terminate() {}
      };${generate}`;
    for (const body of [
      `throw Object.assign(new Error('no thread'), { code: 'ERR_ACCESS_DENIED' });`,
      `setImmediate(() => this.emit('error', new Error('cannot start')));`,
      `setImmediate(() => this.emit('exit', 1));`,
    ])
      assert.deepEqual(run(broken(body)), expected, body);
  });

  it('a thread without memory is an error of its own', () => {
    const error = run<{ code: string; path: string }>(`
      const { EventEmitter } = process.getBuiltinModule('node:events');
      process.getBuiltinModule('node:worker_threads').Worker = class extends EventEmitter {
        constructor() {
          super();
          setImmediate(() => this.emit('error', Object.assign(new Error('x'), { code: 'ERR_WORKER_OUT_OF_MEMORY' })));
        }
        async terminate() {}
      };
      await load(dir).catch((error) => print(failure(error)));`);
    assert.deepEqual([error.code, error.path], ['OUT_OF_MEMORY', join(dir, 'model.circle')]);
  });
});
