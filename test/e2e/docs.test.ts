/** README.md and docs: every code block does what the page says, and what is made from registries is current. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { load } from '../../lib/index.ts';
import { fieldsOf } from '../../scripts/docs/fields.ts';
import { remade } from '../../scripts/docs.ts';
import { blocksOf } from '../support/markdown.ts';
import { installTo, pages, readersFolder, readPage, runBlocks } from '../support/pages.ts';
import { root } from '../support/root.ts';

describe('the documentation', () => {
  let scratch = '';
  let prefix = '';
  before(function () {
    this.timeout(300_000);
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma docs '));
    prefix = path.join(scratch, 'prefix');
    installTo(prefix);
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  const ran = { run: 0, compared: 0 };
  for (const page of pages()) {
    it(`${page}: its blocks run, and print what it shows`, () => {
      const dir = path.join(scratch, path.basename(page, '.md'));
      mkdirSync(dir);
      const counts = runBlocks(page, blocksOf(page, readPage(page)), readersFolder(dir, prefix));
      assert.ok(counts.run > 0, `${page} has no block to run`);
      ran.run += counts.run;
      ran.compared += counts.compared;
    });

    it(`${page}: what is made from registries is current (npx tsx scripts/docs.ts)`, () => {
      assert.equal(readPage(page), remade(readPage(page)));
    });

    it(`${page}: its links lead somewhere`, () => {
      const links = [...readPage(page).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(
        ([, target]) => target!,
      );
      for (const target of links)
        assert.ok(existsSync(path.join(root, path.dirname(page), target)), `${page}: ${target}`);
    });
  }

  it('runs many blocks', () => {
    assert.ok(pages().length >= 7, `${pages().length} pages`);
    assert.ok(ran.run >= 30, `${ran.run} blocks run`);
    assert.ok(ran.compared >= 15, `${ran.compared} outputs compared`);
  });

  it('takes its tables of options from the interfaces, which have what the checks know', async () => {
    const error = await load('x', JSON.parse('{"nonsense": 1}')).catch((thrown: unknown) => thrown);
    const known = /expected one of (.*) for load/.exec((error as Error).message)?.[1]?.split(', ');
    const documented = fieldsOf('lib/package/load.ts', 'LoadOptions').map(({ name }) => name);
    assert.deepEqual(documented.sort(), known?.sort());
    const called = [
      ...fieldsOf('lib/runtime/options.ts', 'GenerateOptions'),
      ...fieldsOf('lib/runtime/sampling.ts', 'SamplingOptions'),
    ];
    assert.equal(called.length, 17);
  });
});
