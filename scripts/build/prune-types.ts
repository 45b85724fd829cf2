/** Of the declarations that the compiler wrote, keeps those that a user's compiler can reach: a fifth of them. */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

/** @param entries paths within `dir` of what package.json exports */
export function pruneTypes(dir: string, entries: readonly string[]): void {
  const reached = new Set<string>();
  const queue = [...entries];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const text = readFileSync(path.join(dir, file), 'utf8');
    for (const [, target] of text.matchAll(/(?:from|import\()\s*['"](\.[^'"]+)['"]/g))
      queue.push(path.join(path.dirname(file), target!.replace(/\.(?:js|ts)$/, '.d.ts')));
  }
  const files = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    const file = path.join(parentPath, name);
    if (!reached.has(path.relative(dir, file))) rmSync(file);
  }
  removeEmpty(dir);
}

function removeEmpty(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmpty(path.join(dir, entry.name));
  if (readdirSync(dir).length === 0) rmSync(dir, { recursive: true });
}
