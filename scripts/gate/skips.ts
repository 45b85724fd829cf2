/** Tests that did not run: those that name what the machine lacks are excused, all others have failed. */

export interface Skip {
  title: string;
  /** What the machine lacks (test/support/need.ts); null: the test does not say. */
  without: string | null;
}

/** A remark for each thing that the machine lacks, and a failure for each test that was skipped without a reason. */
export function judgeSkips(skips: readonly Skip[]): { remarks: string[]; failures: string[] } {
  const excused = new Map<string, number>();
  for (const { without } of skips)
    if (without !== null) excused.set(without, (excused.get(without) ?? 0) + 1);
  return {
    remarks: [...excused].map(([without, count]) => `skipped: ${count} without ${without}`),
    failures: skips
      .filter(({ without }) => without === null)
      .map(({ title }) => `skipped without a reason: ${title}`),
  };
}
