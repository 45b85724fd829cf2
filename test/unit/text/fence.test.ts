import assert from 'node:assert/strict';
import { once } from 'node:events';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { fenceProcessHandlers } from '../../../lib/text/fence.ts';
import { loadSentencePiece } from '../../../lib/text/index.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';

const events = ['uncaughtException', 'unhandledRejection', 'newListener'];
const emitter: NodeJS.EventEmitter = process;
const listeners = () => events.map((event) => emitter.listeners(event));

describe('text/fence', () => {
  it('loads leave no process-wide handler behind', async () => {
    const before = listeners();
    await Promise.all([1, 2, 3].map(() => loadSentencePiece(lilyTokenizerPath)));
    assert.deepEqual(listeners(), before);
  });

  it('takes away what the work adds, late too, and nothing that others add in the meantime', async () => {
    const before = listeners();
    const own = () => {};
    const theirs = () => {};
    const timer = setTimeout(() => process.on('unhandledRejection', theirs), 5);
    const result = await fenceProcessHandlers(async () => {
      process.on('uncaughtException', own);
      await new Promise((done) => setTimeout(done, 20));
      process.on('unhandledRejection', own);
      assert.ok(process.listeners('unhandledRejection').includes(theirs));
      return 7;
    });
    clearTimeout(timer);
    assert.equal(result, 7);
    assert.ok(process.listeners('unhandledRejection').includes(theirs));
    process.removeListener('unhandledRejection', theirs);
    assert.deepEqual(listeners(), before);
  });

  it('ends when the work fails', async () => {
    const before = listeners();
    await assert.rejects(
      fenceProcessHandlers(async () => {
        process.on('uncaughtException', () => {});
        throw new Error('no');
      }),
      /no/,
    );
    await Promise.resolve();
    assert.deepEqual(listeners(), before);
  });

  it('holds in a worker thread: an unhandled rejection is the worker’s own affair', async () => {
    const worker = new Worker(new URL('../../support/tokenizer-worker.mjs', import.meta.url), {
      workerData: lilyTokenizerPath,
    });
    const [message] = (await once(worker, 'message')) as [unknown];
    await worker.terminate();
    assert.deepEqual(message, { seen: ['logged only'], counts: [0, 1], ids: [1, 477] });
  });
});
