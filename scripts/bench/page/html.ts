/** Tables and text of the benchmarks' page. */

export type Row = object;

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Columns in the order in which rows first have them. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const valuesOf = (name: string) => rows.map((row) => (row as Record<string, unknown>)[name] ?? null);
  const isNumeric = new Set(
    columns.filter((name) => valuesOf(name).every((value) => value === null || typeof value === 'number')),
  );
  const cell = (value: unknown) =>
    `<td${typeof value === 'number' ? ' class="n"' : ''}>${escapeHtml(textOf(value))}</td>`;
  const head = columns
    .map((name) => `<th${isNumeric.has(name) ? ' class="n"' : ''}>${escapeHtml(name)}</th>`)
    .join('');
  const body = rows
    .map((row) => `<tr>${columns.map((name) => cell((row as Record<string, unknown>)[name])).join('')}</tr>`)
    .join('\n');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || value === false) return '';
  if (value === true) return 'yes';
  return typeof value === 'number'
    ? value.toLocaleString('en', { maximumSignificantDigits: 6 })
    : String(value);
}

/** `parts` null: the benchmark has not run. */
export function section(title: string, command: string, parts: readonly string[] | null): string {
  const body = parts === null ? ['<p>Not measured yet.</p>'] : parts;
  return `<h2>${escapeHtml(title)}</h2>\n<p><code>${escapeHtml(command)}</code></p>\n${body.join('\n')}`;
}

/** A line that must not be overlooked. */
export const warning = (text: string): string => `<p class="warn" role="note">${escapeHtml(text)}</p>`;

export function page(title: string, sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; --line: #ddd; --ink: #222; --paper: #fff; --quiet: #666;
  --warn: #8a4b00; --warn-paper: #fff3df }
@media (prefers-color-scheme: dark) { :root { --line: #3a3a3a; --ink: #ddd; --paper: #161616; --quiet: #999;
  --warn: #ffc37a; --warn-paper: #3a2a12 } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2em 1em; color: var(--ink); background: var(--paper) }
/* Text is as wide as one reads well; tables take the room that their columns need. */
h1, h2, h3, p, svg { box-sizing: border-box; max-width: 900px; margin-left: auto; margin-right: auto; display: block }
h2 { margin-top: 2em; padding-top: .6em; border-top: 1px solid var(--line) }
.where { color: var(--quiet); font-size: 13px }
.warn { padding: 6px 12px; border-left: 4px solid var(--warn); color: var(--warn); background: var(--warn-paper) }
.wide { width: max-content; min-width: min(900px, 100%); max-width: 100%; margin: 1em auto; overflow-x: auto }
table { border-collapse: collapse; font-size: 13px }
th, td { padding: 3px 10px; border-bottom: 1px solid var(--line); text-align: left }
th { vertical-align: bottom; max-width: 9em }
td { white-space: nowrap }
.n { text-align: right; font-variant-numeric: tabular-nums }
svg { width: 100%; height: auto }
</style></head><body>
<h1>${escapeHtml(title)}</h1>
${sections.join('\n')}
</body></html>
`;
}
