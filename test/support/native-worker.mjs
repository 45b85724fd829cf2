// Loads a program in this worker (or process) and decodes for long. workerData or argument 'run': says so once it
// runs; 'exit': leaves with code 7 in the middle.
import { parentPort, workerData } from 'node:worker_threads';
import { tsImport } from 'tsx/esm/api';

const { createEngine } = await tsImport('../../lib/native.ts', import.meta.url);
const { rotary, tinyLlama, tinyShape } = await tsImport('./program.ts', import.meta.url);
const mode = workerData ?? process.argv[2];
const engine = createEngine({ threads: 2 });
const { program, sources } = tinyLlama({ ...tinyShape, hidden: 256, ff: 1024, layers: 4 });
const loaded = await engine.loadProgram(program, sources);
const { cos, sin } = rotary(tinyShape.headDim, 0, 8192);
loaded.setTable(0, 0, cos);
loaded.setTable(1, 0, sin);
const sequence = loaded.createSequence();
const out = new Int32Array(8000);
const request = { sequence, feed: Int32Array.of(1), position: 0, count: out.length, out };
const decode = () => loaded.decode([request], Infinity);
const running = decode();
// On a busy machine the job may take its time to start.
while (loaded.sequenceLength(sequence) === 0) await new Promise((done) => setTimeout(done, 1));
if (mode === 'exit') process.exit(7);
parentPort?.postMessage('running');
await running;
// Whoever asked for this ends it in the middle, however long that takes.
for (;;) await decode();
