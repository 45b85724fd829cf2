/**
 * Writes what the pages say from registries and types: everything between `<!-- made from: NAME -->` and
 * `<!-- end -->`. A test compares, so that a page cannot fall behind.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { sections } from './docs/sections.ts';

/** The page with its made parts replaced by current ones. @throws Error for a name that nothing makes */
export function remade(page: string): string {
  return page.replaceAll(/(<!-- made from: (.+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, begin, name, end) => {
    const make = Object.hasOwn(sections, name) ? sections[name] : undefined;
    if (make === undefined)
      throw new Error(`expected one of ${Object.keys(sections).join(', ')}, got ${name}`);
    return `${begin}\n${make().trim()}\n\n${end}`;
  });
}

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pages = readdirSync(path.join(root, 'docs')).map((name) => path.join('docs', name));
  for (const page of ['README.md', ...pages]) {
    const text = readFileSync(path.join(root, page), 'utf8');
    const made = remade(text);
    if (made === text) continue;
    writeFileSync(path.join(root, page), made);
    console.log(`${page}: changed`);
  }
}
