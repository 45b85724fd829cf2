import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/root.ts';
import { importsOf, sourcesIn } from '../support/sources.ts';

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

/** Who may enter a folder by another file than its index.ts: a path's beginning, the file, and why. */
const DEEP_IMPORTS: readonly [from: string, file: RegExp, why: string][] = [
  [
    'test/support/text',
    /^lib\/circle\/(schema|enums|operator-options|print\/(types|usual))\.ts$/,
    'the reader of the graph language shares its tables of names with the printer',
  ],
  [
    'test/support/random-model.ts',
    /^lib\/circle\/(schema|enums)\.ts$/,
    'models that have every table of the schema',
  ],
  [
    'test/support/shape.ts',
    /^lib\/ir\/evaluate\/shape-rules\.ts$/,
    'recorded shapes are compared with those that the interpreter computes',
  ],
  [
    'test/unit/support/shape.test.ts',
    /^lib\/ir\/evaluate\/shape-rules\.ts$/,
    'the test of test/support/shape.ts',
  ],
];

const folders = ['lib', 'scripts', 'test', 'examples'] as const;
const folderOf = (file: string): string => file.split('/')[0]!;
const entryOf = (file: string): string => file.split('/')[1]!;
const rowOf = (entry: string): number => ORDER.findIndex((row) => row.includes(entry));

/** Folders above a file that have an index.ts, but for lib itself, whose index.ts is the public API. */
function roomsOf(file: string): string[] {
  const parts = path.posix.dirname(file).split('/');
  return parts
    .map((_, i) => parts.slice(0, i + 1).join('/'))
    .filter((folder) => folder !== 'lib' && existsSync(path.join(root, folder, 'index.ts')));
}

/** A test of a room, and the file beside the room that has the room's name, are inside. */
function isInside(room: string, file: string): boolean {
  const mirrored = file.replace(/^test\/unit\/(scripts\/)?/, (_, scripts) => (scripts ? 'scripts/' : 'lib/'));
  return (
    file === `${room}.ts` ||
    mirrored === `${room}.test.ts` ||
    [file, mirrored].some((one) => one.startsWith(`${room}/`))
  );
}

describe('imports', () => {
  it('go downward only', () => {
    let seen = 0;
    for (const file of sourcesIn('lib')) {
      const from = entryOf(file);
      assert.notEqual(rowOf(from), -1, `lib/${from} has no place in the order`);
      for (const target of importsOf(file)) {
        assert.equal(folderOf(target), 'lib', `${file} imports ${target}`);
        const to = entryOf(target);
        seen++;
        if (to === from) continue;
        assert.notEqual(rowOf(to), -1, `${file} imports ${target}, which has no place in the order`);
        assert.ok(rowOf(to) < rowOf(from), `${file} imports ${target}: that is upward or sideways`);
      }
    }
    assert.ok(seen > 150, `looked at ${seen} imports`);
  });

  it('enter a folder by its index.ts', () => {
    const used = new Set<string>();
    const wrong: string[] = [];
    let seen = 0;
    for (const file of folders.flatMap(sourcesIn))
      for (const target of importsOf(file))
        for (const room of roomsOf(target)) {
          if (isInside(room, file)) continue;
          seen++;
          if (target === `${room}/index.ts`) continue;
          const allowed = DEEP_IMPORTS.find(([from, to]) => file.startsWith(from) && to.test(target));
          if (allowed) used.add(allowed[2]);
          else wrong.push(`${file} imports ${target}: take it from ${room}/index.ts`);
        }
    assert.deepEqual(wrong, []);
    assert.ok(seen > 400, `looked at ${seen} imports`);
    for (const [, , why] of DEEP_IMPORTS) assert.ok(used.has(why), `no import needs the exception: ${why}`);
  });

  it('of scripts do not reach into test', () => {
    const wrong = sourcesIn('scripts').flatMap((file) =>
      importsOf(file)
        .filter((target) => ['test', 'examples'].includes(folderOf(target)))
        .map((target) => `${file} imports ${target}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('touch process only in cli, in the version and where a library has to be fenced', () => {
    const allowed = new Set(['lib/text/fence.ts', 'lib/native.ts']);
    const users = sourcesIn('lib').filter((file) => usesProcess(file));
    assert.ok(users.length > 0);
    const strangers = users.filter((file) => entryOf(file) !== 'cli' && !allowed.has(file));
    assert.deepEqual(strangers, []);
  });
});

/** Comments do not count: index.ts shows process.stdout in its example. */
function usesProcess(file: string): boolean {
  const text = readFileSync(path.join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return /\bprocess\.(argv|exit|std|on|env)\b/.test(text);
}
