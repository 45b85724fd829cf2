/** Worker thread of the fence test: loads a tokenizer, then lets a rejection go unhandled. */
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import { tsImport } from 'tsx/esm/api';

const { loadSentencePiece } = await tsImport('../../lib/text/index.ts', import.meta.url);
const tokenizer = await loadSentencePiece(workerData);
const seen = [];
process.on('unhandledRejection', (reason) => seen.push(reason.message));
Promise.reject(new Error('logged only'));
await new Promise((done) => setTimeout(done, 20));
parentPort.postMessage({
  seen,
  counts: [process.listenerCount('uncaughtException'), process.listenerCount('unhandledRejection')],
  ids: [...tokenizer.encode('Lily')],
});
