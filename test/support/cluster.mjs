// node:cluster with two workers: `node cluster.mjs DIR`. Each loads the package, completes, and sends its ids to the
// primary, which prints them in the order of the workers' numbers, as JSON lines.
import cluster from 'node:cluster';
import { once } from 'node:events';
import { load } from '../../dist/index.js';

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const ends = workers.map(async (worker) => {
    const [[ids], [code, signal]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    return { ids, code, signal };
  });
  for (const end of await Promise.all(ends)) console.log(JSON.stringify(end));
} else {
  const model = await load(process.argv[2], { threads: 1 });
  const { ids } = await model.complete('Lily', { maxTokens: 20, ignoreEos: true });
  await model.close();
  // The channel to the primary is all that keeps the worker alive.
  process.send(ids, () => cluster.worker.disconnect());
}
