/** A cell measured beside the peers: medians, ratios, and how they stand to the goals. No measuring here. */
import { type Goal, goalOf } from './goals.ts';
import { type Cell, type Figures, peers } from './kit.ts';
import { median } from './measure.ts';

/** Ours with the screened argmax; listed apart: the same tokens, but less work. */
export const screened = 'ggma, screened';
/** Ours with f32 matrices as f32, though bf16 holds these models' (`narrow: false`); listed apart: it reads twice as much. */
export const wide = 'ggma, wide';

export interface Result extends Cell {
  isa: string;
  /** Medians over the rounds, by who ran. */
  tokensPerSecond: Record<string, Figures>;
  /** Who did not run, and why. */
  absent: Record<string, string>;
  /** Ours over theirs, of the medians. */
  overLlamaBench: Figures;
  overBestNodePeer: Record<string, [ratio: number, peer: string]>;
  /** The load of the machine when the cell began: above one thread's worth, ratios mean little. */
  load: number;
}

/** .bench/peers.json */
export interface PeersFile {
  /** How llama.cpp was built. */
  llamaCpp: string;
  versions: Record<string, string>;
  cells: Result[];
}

export function medians(rounds: readonly Figures[]): Figures {
  const keys = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(keys.map((key) => [key, median(rounds.map((figures) => figures[key]!))]));
}

/** Ours over llama-bench, and over the fastest of the Node libraries. */
export function ratios(
  tokensPerSecond: Record<string, Figures>,
): Pick<Result, 'overLlamaBench' | 'overBestNodePeer'> {
  const overLlamaBench: Figures = {};
  const overBestNodePeer: Result['overBestNodePeer'] = {};
  for (const [key, ours] of Object.entries(tokensPerSecond.ggma!)) {
    const native = tokensPerSecond['llama-bench']?.[key];
    if (native !== undefined) overLlamaBench[key] = ours / native;
    const others = peers
      .filter(({ kind, name }) => kind === 'node' && tokensPerSecond[name]?.[key] !== undefined)
      .map(({ name }) => [tokensPerSecond[name]![key]!, name] as const)
      .toSorted(([a], [b]) => b - a);
    if (others[0] !== undefined) overBestNodePeer[key] = [ours / others[0][0], others[0][1]];
  }
  return { overLlamaBench, overBestNodePeer };
}

/** One figure of a cell as a line: ratios, the goals beside them, and which of these are missed. */
export interface Verdict {
  cell: string;
  figure: string;
  'tokens/s': number;
  '× llama-bench': number | null;
  goal: number | null;
  '× best Node': number | null;
  'goal (Node)': number | null;
  'which Node': string;
  met: string;
}

export function verdicts(result: Result): Verdict[] {
  const { tokensPerSecond, overLlamaBench, overBestNodePeer } = result;
  const lines = Object.entries(tokensPerSecond.ggma!).map(([figure, speed]) => {
    const goal = goalOf(result, figure);
    const node = overBestNodePeer[figure] ?? null;
    return line(result, figure, speed, [overLlamaBench[figure] ?? null, goal.overLlamaBench], node, goal);
  });
  const apart = (name: string, goal: 'screened' | 'overLlamaBench') =>
    Object.entries(tokensPerSecond[name] ?? {})
      .filter(([figure]) => figure.startsWith('tg') || name === wide)
      .map(([figure, speed]) => {
        const native = tokensPerSecond['llama-bench']?.[figure];
        const ratio = native === undefined ? null : speed / native;
        const label = `${figure} ${name.slice('ggma, '.length)}`;
        return line(result, label, speed, [ratio, goalOf(result, figure)[goal]], null, null);
      });
  return [...lines, ...apart(screened, 'screened'), ...apart(wide, 'overLlamaBench')];
}

function line(
  cell: Cell,
  figure: string,
  speed: number,
  native: readonly [ratio: number | null, goal: number | null],
  node: readonly [ratio: number, peer: string] | null,
  goal: Goal | null,
): Verdict {
  const nodeGoal = goal?.overBestNodePeer ?? null;
  const pairs = [native, [node?.[0] ?? null, nodeGoal] as const].filter((pair) => pair[1] !== null);
  const unknown = pairs.some(([ratio]) => ratio === null);
  const missed = pairs.some(([ratio, least]) => ratio !== null && ratio < least!);
  return {
    cell: `${cell.model} ${cell.dtype} t${cell.threads}`,
    figure,
    'tokens/s': Number(speed.toPrecision(4)),
    '× llama-bench': two(native[0]),
    goal: native[1],
    '× best Node': two(node?.[0] ?? null),
    'goal (Node)': nodeGoal,
    'which Node': node?.[1] ?? '',
    met: pairs.length === 0 ? '' : missed ? 'no' : unknown ? 'not measured' : 'yes',
  };
}

const two = (ratio: number | null): number | null => (ratio === null ? null : Number(ratio.toFixed(2)));

/** What tells the cells of peers.json apart. */
export const keyOf = ({ model, dtype, threads }: Cell): string => `${model} ${dtype} ${threads}`;
