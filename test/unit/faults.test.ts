/** Every row of the reference's list of faults has tests that name it in their titles: `fault N: …` or `fault N, M: …`. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { needSharedDir } from '../support/need.ts';
import { root } from '../support/root.ts';

/** Rows about what ggma does not have. */
const noSuchFeature: Readonly<Record<number, string>> = {
  30: 'no grammars: generations are not constrained',
  41: 'no server',
  42: 'no server',
  43: 'no server',
  44: 'no server',
  45: 'no server',
  46: 'no state files: kept beginnings live in memory, with the model',
};

/*
 * Parts of rows that have tests, left out for the same reason:
 *   26  'shift': cached keys are rotated by their positions, so a shifted context has other bits than one from a start
 *   31  the flag `complete`: there is no JSON mode that could know
 *   36  onToken: generations are iterators; what a consumer throws is its own
 *   40  429, Retry-After: no server; QUEUE_FULL is what one would answer with them
 *   48  zip-slip, bombs, duplicate names: packages are folders
 */

function rowsOf(list: string): number[] {
  return [...list.matchAll(/^\| (\d+) \|/gm)].map(([, row]) => Number(row));
}

/** Row → titles that name it. */
function titles(): Map<number, string[]> {
  const found = new Map<number, string[]>();
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.test.ts'),
  );
  assert.ok(files.length > 100);
  for (const file of files) {
    const source = readFileSync(join(root, 'test', file), 'utf8');
    for (const [, rows, title] of source.matchAll(/\b(?:it|describe)\(\s*['"`]fault ([\d, ]+): ([^'"`\n]*)/g))
      for (const row of rows!.split(', ')) {
        const all = found.get(Number(row)) ?? [];
        found.set(Number(row), all);
        all.push(`${file}: ${title}`);
      }
  }
  return found;
}

describe('faults', () => {
  it('each row has a test that names it, or is about something that ggma does not have', function () {
    const rows = rowsOf(readFileSync(join(needSharedDir(this), 'faults.md'), 'utf8'));
    assert.equal(rows.length, 50);
    const named = titles();
    const missing = rows.filter((row) => !named.has(row) && noSuchFeature[row] === undefined);
    assert.deepEqual(missing, []);
    const both = rows.filter((row) => named.has(row) && noSuchFeature[row] !== undefined);
    assert.deepEqual(both, [], 'a feature that is there now');
    for (const row of [...named.keys(), ...Object.keys(noSuchFeature).map(Number)])
      assert.ok(rows.includes(row), `there is no row ${row}: ${named.get(row)?.join('; ')}`);
    const count = [...named.values()].reduce((sum, all) => sum + all.length, 0);
    assert.ok(count > 100, `${count} tests`);
  });
});
