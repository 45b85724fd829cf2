/** How many times a peer's speed ours is to be, in one run on one machine: what bench:peers prints beside the ratios. */
import type { DtypeName } from './dtypes.ts';
import type { Cell } from './kit.ts';
import type { ModelName } from './models.ts';

export interface Goal {
  overLlamaBench: number | null;
  overBestNodePeer: number | null;
  /** Decoding with the screened argmax, over llama-bench. */
  screened: number | null;
}

interface Line {
  what: 'decode' | 'prefill';
  models: readonly ModelName[];
  /** Absent: all. */
  dtypes?: readonly DtypeName[];
  threads: readonly number[];
  overLlamaBench?: number;
  overBestNodePeer?: number;
  screened?: number;
}

const int8 = ['q8_0', 'q4_0'] as const;
const both = [1, 2];

/** For each figure the last line that names it counts. */
const lines: readonly Line[] = [
  { what: 'decode', models: ['T0'], threads: both, overBestNodePeer: 5 },
  { what: 'decode', models: ['T0'], dtypes: ['f32'], threads: both, overLlamaBench: 3.5, screened: 5 },
  { what: 'decode', models: ['T0'], dtypes: ['q8_0'], threads: both, overLlamaBench: 6.5 },
  { what: 'decode', models: ['S15'], threads: both, overBestNodePeer: 3 },
  { what: 'decode', models: ['S15'], dtypes: ['f32'], threads: both, overLlamaBench: 1.9, screened: 3 },
  { what: 'decode', models: ['S15'], dtypes: ['f16'], threads: both, overLlamaBench: 1.8 },
  { what: 'decode', models: ['S15'], dtypes: int8, threads: both, overLlamaBench: 3 },
  { what: 'decode', models: ['S135'], threads: both, overBestNodePeer: 1.7 },
  { what: 'decode', models: ['S135'], dtypes: ['f32'], threads: [1], overLlamaBench: 1.45 },
  { what: 'decode', models: ['S135'], dtypes: ['f32'], threads: [2], overLlamaBench: 1.25 },
  { what: 'decode', models: ['S135'], dtypes: ['f16'], threads: both, overLlamaBench: 1.5 },
  { what: 'decode', models: ['S135'], dtypes: ['q8_0'], threads: both, overLlamaBench: 2.2 },
  { what: 'decode', models: ['S135'], dtypes: ['q4_0'], threads: both, overLlamaBench: 2 },
  { what: 'decode', models: ['T1'], dtypes: ['f16'], threads: [1], overLlamaBench: 1.3 },
  { what: 'decode', models: ['T1'], dtypes: ['q8_0'], threads: [1], overLlamaBench: 1.9 },
  { what: 'decode', models: ['T1'], dtypes: ['q4_0'], threads: [1], overLlamaBench: 1.7 },
  { what: 'decode', models: ['T1'], threads: [2], overLlamaBench: 1.2, overBestNodePeer: 2 },
  { what: 'prefill', models: ['T0'], threads: both, overLlamaBench: 3.5, overBestNodePeer: 10 },
  { what: 'prefill', models: ['S15', 'S135'], dtypes: ['f32', 'f16'], threads: both, overLlamaBench: 1.5 },
  { what: 'prefill', models: ['S15', 'S135', 'T1'], dtypes: int8, threads: both, overLlamaBench: 2.1 },
  { what: 'prefill', models: ['T1'], dtypes: ['f16'], threads: both, overLlamaBench: 1.05 },
];

/** The goals of a figure (pp32, tg128, …) of a cell. */
export function goalOf({ model, dtype, threads }: Cell, figure: string): Goal {
  const what = figure.startsWith('pp') ? 'prefill' : 'decode';
  const goal: Goal = { overLlamaBench: null, overBestNodePeer: null, screened: null };
  for (const line of lines) {
    const applies = line.what === what && line.models.includes(model) && line.threads.includes(threads);
    if (!applies || !(line.dtypes?.includes(dtype) ?? true)) continue;
    for (const key of Object.keys(goal) as (keyof Goal)[]) goal[key] = line[key] ?? goal[key];
  }
  return goal;
}
