/** What came of a part of the gate. */

export interface Outcome {
  passed: number;
  /** One line for each test that failed: the part of the gate it belongs to, and its name. */
  failures: string[];
  /** What the summary says besides: tests that this machine cannot run. */
  remarks: string[];
}

/** The summary: remarks, the name of everything that failed, and as the last line `N passed, N failed`. */
export function summary(outcomes: readonly Outcome[]): { text: string; failed: boolean } {
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const lines = [
    ...outcomes.flatMap(({ remarks }) => remarks),
    ...failures.map((name) => `failed: ${name}`),
    `${passed} passed, ${failures.length} failed`,
  ];
  return { text: lines.join('\n'), failed: failures.length > 0 };
}
