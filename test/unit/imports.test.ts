import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/root.ts';

/** A folder or file of lib may import what stands in an earlier row; entries of one row never import each other. */
const ORDER = [
  ['error-codes.ts'],
  ['errors.ts'],
  ['version.ts', 'json.ts', 'system-error.ts'],
  ['fields.ts', 'options', 'check-node.ts'],
  ['model-sizes.ts'],
  ['circle'],
  ['ir'],
  ['checkpoint'],
  ['passes', 'export', 'text', 'plan', 'hub', 'view'],
  ['native.ts'],
  ['runtime'],
  ['package'],
  ['make'],
  ['cli'],
  ['index.ts', 'filter.ts', 'circle-api.ts', 'package-api.ts'],
];

const lib = path.join(root, 'lib');

function sources(): string[] {
  return readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.includes('/generated/'));
}

/** Targets of static and dynamic imports with a relative path, as paths within lib. */
function importsOf(file: string): string[] {
  const text = readFileSync(path.join(lib, file), 'utf8');
  const found = text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g);
  return [...found].map(([, target]) => path.posix.join(path.posix.dirname(file), target!));
}

const entryOf = (file: string): string => file.split('/')[0]!;
const rowOf = (entry: string): number => ORDER.findIndex((row) => row.includes(entry));

describe('imports', () => {
  it('go downward only', () => {
    let seen = 0;
    for (const file of sources()) {
      const from = entryOf(file);
      assert.notEqual(rowOf(from), -1, `lib/${from} has no place in the order`);
      for (const target of importsOf(file)) {
        const to = entryOf(target);
        seen++;
        if (to === from) continue;
        assert.notEqual(rowOf(to), -1, `lib/${file} imports ${target}, which has no place in the order`);
        assert.ok(rowOf(to) < rowOf(from), `lib/${file} imports ${target}: that is upward or sideways`);
      }
    }
    assert.ok(seen > 150, `looked at ${seen} imports`);
  });

  it('touch process only in cli, in the version and where a library has to be fenced', () => {
    const allowed = new Set(['text/fence.ts', 'native.ts']);
    const users = sources().filter((file) =>
      /\bprocess\.(argv|exit|std|on|env)\b/.test(readFileSync(path.join(lib, file), 'utf8')),
    );
    assert.ok(users.length > 0);
    const strangers = users.filter(
      (file) => entryOf(file) !== 'cli' && !allowed.has(file) && !isComment(file),
    );
    assert.deepEqual(strangers, []);
  });
});

/** index.ts shows process.stdout in its example. */
function isComment(file: string): boolean {
  const text = readFileSync(path.join(lib, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return !/\bprocess\.(argv|exit|std|on|env)\b/.test(text);
}
