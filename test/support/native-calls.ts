/** Calls that tests of the addon make, and a model that is slow enough to be interrupted. */

import { GgmaError } from '../../lib/errors.ts';
import { createEngine, type Engine, type EngineOptions, type Program } from '../../lib/native.ts';
import { rotary, tinyLlama, tinyShape } from './program.ts';

const { vocab, headDim } = tinyShape;

/** [token, sequence, position, wantLogits] for each token from `first` on; the last's logits are wanted, or all. */
export function rowsOf(
  sequence: number,
  tokens: readonly number[],
  { first = 0, all = false } = {},
): Int32Array {
  return Int32Array.from(
    tokens.flatMap((token, i) => [token, sequence, first + i, all || i === tokens.length - 1 ? 1 : 0]),
  );
}

export const hasCode = (code: string) => (error: unknown) =>
  error instanceof GgmaError && error.code === code;

/** Opens engines for the tests of a block; what is open is closed after each. */
export function engineOpener(): (options?: EngineOptions) => Engine {
  const engines: Engine[] = [];
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });
  return (options = {}) => {
    const engine = createEngine(options);
    engines.push(engine);
    return engine;
  };
}

export const slow = tinyLlama({ ...tinyShape, hidden: 256, ff: 1024, layers: 4 });

/** A model that takes about a second for 8,000 tokens. */
export async function loadSlow(engine: Engine): Promise<Program> {
  const loaded = await engine.loadProgram(slow.program, slow.sources);
  const { cos, sin } = rotary(headDim, 0, 8192);
  loaded.setTable(0, 0, cos);
  loaded.setTable(1, 0, sin);
  return loaded;
}

export interface Greedy {
  sequence: number;
  token: number;
  position: number;
  count: number;
  out: Int32Array;
  stopIds?: Int32Array;
  cancel?: Int32Array;
}

/** One sequence, the most likely token each time; how many. Rejects with the request's error. */
export async function decodeGreedy(program: Program, { token, ...request }: Greedy): Promise<number> {
  const [outcome] = await program.decode([{ ...request, feed: Int32Array.of(token) }], Infinity);
  if (outcome!.error !== null) throw outcome!.error;
  return outcome!.produced;
}

export const prompt = Array.from({ length: 150 }, (_, i) => (i * 37 + 11) % vocab);
