/** Tests that did not run: which of them are excused, and what is said of the others. */

export interface Skip {
  title: string;
  /** What the machine lacks; null: the test does not say. */
  without: string | null;
}

/**
 * A line for each reason, and for each test without an excuse. @param sharedIsThere the folder of the reference data
 * exists: then nothing is excused by its absence.
 */
export function judgeSkips(
  skips: readonly Skip[],
  sharedIsThere: boolean,
): { lines: string[]; unexcused: number } {
  const isExcused = ({ without }: Skip) =>
    without !== null && !(sharedIsThere && without.startsWith('the shared reference data'));
  const excused = new Map<string, number>();
  for (const { without } of skips.filter(isExcused)) excused.set(without!, (excused.get(without!) ?? 0) + 1);
  const unexcused = skips.filter((skip) => !isExcused(skip));
  const lines = [
    ...[...excused].map(([without, count]) => `skipped: ${count} without ${without}`),
    ...unexcused.map(
      ({ title, without }) =>
        `failed, because skipped ${without === null ? 'without a reason' : `without ${without}, which is there`}: ${title}`,
    ),
  ];
  return { lines, unexcused: unexcused.length };
}
