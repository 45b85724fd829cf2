// Loads a program of 1 GB of weights (a file of holes: argument; 500 MB as bf16) when the address space has only 300 MB left, and then
// a small one. Prints [code, message] and whether the small one runs.
import { spawnSync } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs';
import { tsImport } from 'tsx/esm/api';

const { createEngine } = await tsImport('../../lib/native.ts', import.meta.url);
const { loadTiny, ProgramWriter } = await tsImport('./program.ts', import.meta.url);
const [rows, cols] = [250_000, 1000];
const writer = new ProgramWriter();
const [x, logits] = [writer.slot(cols), writer.slot(rows)];
const embedding = writer.weight(null, rows, cols);
writer.step(1, 0, x, embedding);
writer.step(10, 0, writer.slot(cols), x);
writer.step(2, 1, logits, 2, embedding, 0xffffffff);
const program = writer.encodeProgram(rows, logits);
const byteLength = 4 * rows * cols;
const fd = openSync(process.argv[2], 'w+');
ftruncateSync(fd, byteLength);

const engine = createEngine({ threads: 1 });
await (await loadTiny(engine)).step(Int32Array.of());
const used = 1024 * Number(/VmSize:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
const limit = `--as=${used + 300e6}`;
const { status } = spawnSync('prlimit', ['--pid', `${process.pid}`, limit]);
if (status !== 0) process.exit(9);
let refused = null;
try {
  await engine.loadProgram(program, [{ fd, offset: 0, byteLength }]);
} catch (error) {
  refused = [error.code, error.message];
}
const small = await loadTiny(engine);
const [id] = await small.step(Int32Array.of(5, small.createSequence(), 0, 1));
console.log(JSON.stringify({ refused, alive: id >= 0 }));
closeSync(fd);
await engine.close();
