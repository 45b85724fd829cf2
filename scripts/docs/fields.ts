/** The fields of interfaces and the rows of option tables with their comments, read from the source. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { anyModel, type OptionTable, ruleOf } from '../../lib/options/index.ts';

const root = path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))));

export interface Field {
  name: string;
  type: string;
  text: string;
}

/** In the order of the source, which the formatter has laid out. @throws Error for a field without a comment */
export function fieldsOf(file: string, name: string): Field[] {
  const source = readFileSync(path.join(root, file), 'utf8');
  const body = new RegExp(`^export interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(source)?.[1];
  if (body === undefined) throw new Error(`expected an interface ${name} in ${file}`);
  const found: Field[] = [];
  // A comment, if there is one; then `name?: type;`, the type perhaps over several lines.
  for (const [whole, comment, field, type] of body.matchAll(
    /(?: {2}\/\*\*([\s\S]*?)\*\/\n)? {2}(\w+)\??:\s*([\s\S]*?);\n/g,
  )) {
    if (comment === undefined) throw new Error(`${file}: expected a comment for ${name}.${field}: ${whole}`);
    found.push({ name: field!, type: type!.replaceAll(/\s+/g, ' '), text: textOf(comment) });
  }
  return found;
}

/**
 * The rows that the source of a table has itself, without those that it spreads from another one. The comment comes from
 * the source, because comments are what editors show; the type comes from the row's rule.
 * @throws Error for a row without a comment, or with one that does not say the row's default
 */
export function rowsOf(file: string, name: string, table: OptionTable): Field[] {
  const source = readFileSync(path.join(root, file), 'utf8');
  const body = new RegExp(`^(?:export )?const ${name} = \\{\\n([\\s\\S]*?)^\\};`, 'm').exec(source)?.[1];
  if (body === undefined) throw new Error(`expected a table ${name} in ${file}`);
  const found: Field[] = [];
  for (const [, comment, field] of body.matchAll(/^(?: {2}\/\*\*([\s\S]*?)\*\/\n)? {2}(\w+): \w+\(/gm)) {
    const row = table[field!];
    if (row === undefined || comment === undefined)
      throw new Error(`${file}: expected a comment and a row for ${name}.${field}`);
    const text = textOf(comment);
    const constant = typeof row.default === 'string' ? `'${row.default}'` : row.default;
    if (!text.includes(constant === undefined ? 'Default: ' : `Default ${String(constant)}`))
      throw new Error(`${file}: expected the comment of ${field} to say its default, got ${text}`);
    found.push({ name: field!, type: ruleOf(row, anyModel).type, text });
  }
  return found;
}

function textOf(comment: string): string {
  return comment
    .replaceAll(/\n\s*\*\s?/g, ' ')
    .replaceAll(/\{@link (\w+)\}/g, '$1')
    .trim();
}
