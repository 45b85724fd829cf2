/** The fields of an interface with their comments, read from its source. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

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
    const text = comment
      .replaceAll(/\n\s*\*\s?/g, ' ')
      .replaceAll(/\{@link (\w+)\}/g, '$1')
      .trim();
    found.push({ name: field!, type: type!.replaceAll(/\s+/g, ' '), text });
  }
  return found;
}
