/** `--profile[=FILE]`: a table of kernels, and the trace in a file. */
import type { KernelProfile, Model, Profile } from '../runtime/index.ts';
import { type Invocation, writeAtomically } from './common/index.ts';

/** Writes the table to standard error, because standard output has the text. Without --profile it writes nothing. */
export async function showProfile(invocation: Invocation, model: Model): Promise<void> {
  const file = invocation.text('profile');
  if (file === undefined) return;
  const profile = await model.profile();
  await invocation.note(`${profileTable(profile)}\n`);
  writeTrace(file, profile);
  await invocation.note(`${traceLine(file, profile)}\n`);
}

/** Writes `object` with the profile in it, if there is one. The trace comes later, so that its failure cannot lose the text. */
export async function writeObject(invocation: Invocation, model: Model, object: object): Promise<void> {
  const file = invocation.text('profile');
  if (file === undefined) return invocation.write(`${JSON.stringify(object)}\n`);
  const profile = await model.profile();
  const { passes, kernels, droppedEvents } = profile;
  const shown = { ...object, profile: { passes, kernels, traceFile: file, droppedEvents } };
  await invocation.write(`${JSON.stringify(shown)}\n`);
  writeTrace(file, profile);
}

function writeTrace(file: string, profile: Profile): void {
  writeAtomically(file, [Buffer.from(`${JSON.stringify(profile.trace())}\n`)]);
}

function traceLine(file: string, { droppedEvents }: Profile): string {
  const cut = droppedEvents > 0 ? `; it lacks the last ${droppedEvents} calls` : '';
  return `trace: ${file} (opens in ui.perfetto.dev and chrome://tracing${cut})`;
}

const columns = ['phase', 'kernel', 'calls', 'ms', '%', 'MB weights', 'MB other', 'GB/s', 'GFLOP/s'];

/** A line for each kernel and phase, ordered by time; below them the sum of each phase. */
function profileTable({ kernels, passes }: Profile): string {
  const all = kernels.reduce((ms, one) => ms + one.ms, 0);
  const row = (one: KernelProfile): string[] => [
    one.phase,
    one.kernel,
    `${one.calls}`,
    one.ms.toFixed(2),
    ((100 * one.ms) / (all || 1)).toFixed(1),
    (one.weightBytes / 1e6).toFixed(2),
    (one.activationBytes / 1e6).toFixed(2),
    one.gigabytesPerSecond.toFixed(2),
    one.gflopsPerSecond.toFixed(2),
  ];
  const lines = passes
    .filter((one) => one.passes > 0)
    .map(
      ({ phase, passes: count, rows, ms }) =>
        `${phase}: ${count} passes over ${rows} rows in ${ms.toFixed(2)} ms`,
    );
  return [...align([columns, ...kernels.map(row)]), ...lines].join('\n');
}

/** Names are aligned to the left, numbers to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, c) => Math.max(...rows.map((row) => row[c]!.length)));
  return rows.map((row) =>
    row.map((cell, c) => (c < 2 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '),
  );
}
