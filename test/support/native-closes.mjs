// Loads models, uses them and closes them, four at a time; prints the megabytes of anonymous memory that the process has
// before and afterwards.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tsImport } from 'tsx/esm/api';

const { createEngine } = await tsImport('../../lib/native.ts', import.meta.url);
const { rotary, tinyLlama, tinyShape } = await tsImport('./program.ts', import.meta.url);
const shape = {
  ...{ ...tinyShape, hidden: 256, ff: 1024, layers: 6 },
  ...{ vocab: 2000, heads: 16, kvHeads: 8, headDim: 16 },
};
const { program, sources } = tinyLlama(shape);
const { cos, sin } = rotary(shape.headDim, 0, 2048);

async function measure() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await sleep(10);
  }
  return Number(/^RssAnon:\s*(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
}

async function use() {
  const engine = createEngine({ threads: 2 });
  const loaded = await engine.loadProgram(program, sources);
  loaded.setTable(0, 0, cos);
  loaded.setTable(1, 0, sin);
  const requests = Array.from({ length: 4 }, () => ({
    ...{ sequence: loaded.createSequence(), position: 0, feed: new Int32Array(600) },
    ...{ count: 2, out: new Int32Array(2) },
  }));
  for (const { error } of await loaded.decode(requests, Infinity)) if (error !== null) throw error;
  await engine.close();
}

await createEngine({ threads: 2 }).close();
const before = await measure();
for (let round = 0; round < 12; round++) await Promise.all([use(), use(), use(), use()]);
console.log(JSON.stringify({ before, after: await measure() }));
