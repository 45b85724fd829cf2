// A process, worker or child that generates with a package without end: `node demo-process.mjs DIR MODE`, or workerData
// {dir, mode}. Says 'running' (message or line) when the first token is there. Then, by mode:
//   run    goes on until it is ended
//   exit   process.exit(7)
//   throw  an exception that nobody catches
//   reject a rejection that nobody catches
//   fork   another process loads and completes beside it; its ids, and then this one's, as JSON lines; then it closes
//   once   completes, prints the ids, closes
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { load } from '../../dist/index.js';

const { dir, mode } = workerData ?? { dir: process.argv[2], mode: process.argv[3] };
const model = await load(dir, { threads: 1 });
const say = (value) => {
  if (parentPort !== null) parentPort.postMessage(value);
  else console.log(typeof value === 'string' ? value : JSON.stringify(value));
};
const complete = async () => (await model.complete('Lily', { maxTokens: 20, ignoreEos: true })).ids;

if (mode === 'once') {
  say(await complete());
  await model.close();
} else {
  const endless = model.generate('Lily', { maxTokens: 900_000, ignoreEos: true });
  await endless.next();
  say('running');
  const rest = (async () => {
    for await (const _ of endless);
  })();
  // Nobody awaits it in the modes that end the process.
  rest.catch(() => {});
  if (mode === 'exit') process.exit(7);
  if (mode === 'throw')
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
  if (mode === 'reject') void Promise.reject(new Error('nobody catches this'));
  if (mode === 'fork') {
    const child = fork(fileURLToPath(import.meta.url), [dir, 'once'], { stdio: 'inherit' });
    const [code] = await once(child, 'exit');
    if (code !== 0) process.exit(8);
    say(await complete());
    await model.close();
  }
}
