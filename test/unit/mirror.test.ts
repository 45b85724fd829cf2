/** Every file of lib has a test: one of its name, or the one that test/support/covered-by.ts names. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { coveredBy } from '../support/covered-by.ts';
import { root } from '../support/root.ts';
import { importsOf, sourcesIn } from '../support/sources.ts';

/** Without code of its own: types, or an index that only passes on what its folder has. */
function isWithoutCode(file: string): boolean {
  const text = readFileSync(path.join(root, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return !/^(?:export )?(?:default |async |abstract |declare )*(?:function|const|let|class|enum|await|for|if)\b/m.test(
    text,
  );
}

function ownTests(file: string): string[] {
  const name = file.slice('lib/'.length).replace(/\.ts$/, '');
  const short = name.replace(/\/index$/, '');
  return [`test/unit/${name}.test.ts`, `test/unit/${short}.test.ts`];
}

/** Everything that a file imports, and what that imports. */
function reachedFrom(file: string): Set<string> {
  const found = new Set([file]);
  for (const one of found)
    if (existsSync(path.join(root, one))) for (const target of importsOf(one)) found.add(target);
  return found;
}

describe('the mirror of lib', () => {
  it('has a test for every file, which loads it', () => {
    const reached = new Map<string, Set<string>>();
    const used = new Set<string>();
    const wrong: string[] = [];
    const files = sourcesIn('lib').filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
    assert.ok(files.length > 200);
    for (const file of files) {
      if (isWithoutCode(file) || ownTests(file).some((test) => existsSync(path.join(root, test)))) continue;
      const inLib = file.slice('lib/'.length);
      const row = coveredBy
        .filter(([part]) => (part.endsWith('/') ? inLib.startsWith(part) : inLib === part))
        .toSorted(([a], [b]) => b.length - a.length)[0];
      if (row === undefined) {
        wrong.push(`${file}: add ${ownTests(file)[0]}, or a row in test/support/covered-by.ts`);
        continue;
      }
      used.add(row[0]);
      const test = `test/${row[1]}`;
      if (!existsSync(path.join(root, test))) wrong.push(`${file}: there is no ${test}`);
      // Tests in e2e run the built files.
      else if (!test.startsWith('test/e2e/')) {
        if (!reached.has(test)) reached.set(test, reachedFrom(test));
        if (!reached.get(test)!.has(file)) wrong.push(`${file}: ${test} does not load it`);
      }
    }
    assert.deepEqual(wrong, []);
    const unused = coveredBy.map(([part]) => part).filter((part) => !used.has(part));
    assert.deepEqual(unused, [], 'rows that no file needs');
  });
});
