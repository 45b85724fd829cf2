// Loads a program in this worker (or process) and decodes for long. workerData or argument 'run': says so once it
// runs; 'exit': leaves with code 7 in the middle.
import { parentPort, workerData } from 'node:worker_threads';
import { tsImport } from 'tsx/esm/api';

const { createEngine } = await tsImport('../../lib/native.ts', import.meta.url);
const { rotary, tinyLlama, tinyShape } = await tsImport('./program.ts', import.meta.url);
const mode = workerData ?? process.argv[2];
const engine = createEngine({ threads: 2 });
const { program, sources } = tinyLlama({ ...tinyShape, hidden: 512, ff: 2048, layers: 8 });
const loaded = await engine.loadProgram(program, sources);
const { cos, sin } = rotary(tinyShape.headDim, 0, 8192);
loaded.setTable(0, 0, cos);
loaded.setTable(1, 0, sin);
const sequence = loaded.createSequence();
const running = loaded.decodeGreedy({
  sequence,
  token: 1,
  position: 0,
  count: 8000,
  out: new Int32Array(8000),
});
await new Promise((done) => setTimeout(done, 30));
if (loaded.sequenceLength(sequence) === 0) throw new Error('the job does not run yet');
if (mode === 'exit') process.exit(7);
parentPort?.postMessage('running');
await running;
throw new Error('the job ended by itself');
