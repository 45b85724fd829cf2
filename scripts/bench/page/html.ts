/** Tables and text of the benchmarks' page. */

export type Row = object;

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Columns in the order in which rows first have them. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: unknown) =>
    `<td${typeof value === 'number' ? ' class="n"' : ''}>${escapeHtml(textOf(value))}</td>`;
  const head = columns.map((name) => `<th>${escapeHtml(name)}</th>`).join('');
  const body = rows
    .map((row) => `<tr>${columns.map((name) => cell((row as Record<string, unknown>)[name])).join('')}</tr>`)
    .join('\n');
  return `<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body}\n</tbody></table></div>`;
}

const textOf = (value: unknown): string => (value === undefined || value === null ? '' : String(value));

/** `parts` null: the benchmark has not run. */
export function section(title: string, command: string, parts: readonly string[] | null): string {
  const body = parts === null ? ['<p>Not measured yet.</p>'] : parts;
  return `<h2>${escapeHtml(title)}</h2>\n<p><code>${escapeHtml(command)}</code></p>\n${body.join('\n')}`;
}

export function page(title: string, sections: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
:root { color-scheme: light dark; --line: #ddd; --ink: #222; --paper: #fff }
@media (prefers-color-scheme: dark) { :root { --line: #3a3a3a; --ink: #ddd; --paper: #161616 } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 900px; margin: 2em auto; padding: 0 1em;
  color: var(--ink); background: var(--paper) }
h2 { margin-top: 2em }
.wide { overflow-x: auto }
table { border-collapse: collapse; margin: 1em 0; font-size: 13px }
th, td { padding: 2px 10px; border-bottom: 1px solid var(--line); text-align: left }
th { vertical-align: bottom }
td { white-space: nowrap }
td.n { text-align: right; font-variant-numeric: tabular-nums }
svg { max-width: 100%; height: auto }
</style></head><body>
<h1>${escapeHtml(title)}</h1>
${sections.join('\n')}
</body></html>
`;
}
