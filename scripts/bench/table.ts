/** Rows as a plain table for a terminal. */

/** Columns in the order in which rows first have them; numbers stand to the right, what a row lacks stays empty. */
export function textTable(rows: readonly object[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => columns.map((name) => (row as Record<string, unknown>)[name] ?? ''));
  const widths = columns.map((name, c) =>
    Math.max(name.length, ...cells.map((row) => String(row[c]).length)),
  );
  const isNumeric = columns.map((_, c) => cells.every((row) => row[c] === '' || typeof row[c] === 'number'));
  const line = (row: readonly unknown[]) =>
    row
      .map((cell, c) => (isNumeric[c] ? String(cell).padStart(widths[c]!) : String(cell).padEnd(widths[c]!)))
      .join('  ')
      .trimEnd();
  return [columns, ...cells].map(line).join('\n');
}

/** Figures by name: one row each; a figure by itself stands under `value`. */
export function figuresTable(figures: Readonly<Record<string, unknown>>): string {
  return textTable(rowsOfFigures(figures));
}

export function rowsOfFigures(figures: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(figures).map(([what, value]) =>
    typeof value === 'object' && value !== null ? { what, ...value } : { what, value },
  );
}
