/** Copies that follow each other, put into one box: thirty layers open as `layer × 30`. */
import { isConvex } from './repeat.ts';

/** A layer, or another block that repeats. */
export interface Copy {
  nodes: readonly number[];
  /** layer, block */
  name: string;
  /** Among the copies of that name, in the order of the data. */
  number: number;
}

export interface Stack {
  title: string;
  copies: Copy[];
}

/** Fewer copies are shown as they are. */
const MIN_COPIES = 3;

/**
 * Stacks of copies of one name. What stands between two layers, such as one layer that a change made different, would
 * lie on a cycle with the box around them: there, one stack ends and the next begins.
 */
export function stacksOf(copies: readonly Copy[], users: readonly (readonly number[])[]): Stack[] {
  const stacks: Stack[] = [];
  for (const name of new Set(copies.map((copy) => copy.name))) {
    const own = copies.filter((copy) => copy.name === name);
    for (const run of runsOf(own, users))
      if (run.length >= MIN_COPIES) stacks.push({ title: titleOf(run, own.length), copies: run });
  }
  return stacks;
}

function runsOf(copies: readonly Copy[], users: readonly (readonly number[])[]): Copy[][] {
  const isOneBox = (run: readonly Copy[]) =>
    isConvex(
      { users },
      run.flatMap(({ nodes }) => nodes),
    );
  if (isOneBox(copies)) return [[...copies]];
  const runs: Copy[][] = [];
  for (const copy of copies) {
    const last = runs.at(-1);
    if (last && isOneBox([...last, copy])) last.push(copy);
    else runs.push([copy]);
  }
  return runs;
}

function titleOf(run: readonly Copy[], all: number): string {
  const [first, last] = [run[0]!, run.at(-1)!];
  return run.length === all
    ? `${first.name} × ${run.length}`
    : `${first.name} ${first.number} to ${last.number} × ${run.length}`;
}
