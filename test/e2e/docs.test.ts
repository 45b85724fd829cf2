/** README.md and docs: every code block does what the page says, and what is made from registries is current. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { load } from '../../lib/index.ts';
import { loadOptions } from '../../lib/package/index.ts';
import { chatOptions, generateOptions, samplingOptions } from '../../lib/runtime/index.ts';
import { rowsOf } from '../../scripts/docs/fields.ts';
import { remade } from '../../scripts/docs.ts';
import { blocksOf, linksOf, showsOutput } from '../support/markdown.ts';
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
      for (const target of linksOf(readPage(page)))
        assert.ok(existsSync(path.join(root, path.dirname(page), target)), `${page}: ${target}`);
    });
  }

  it('runs many blocks', () => {
    assert.ok(pages().length >= 7, `${pages().length} pages`);
    assert.ok(ran.run >= 30, `${ran.run} blocks run`);
    assert.ok(ran.compared >= 15, `${ran.compared} outputs compared`);
  });

  it('says of examples how many lines they have', () => {
    const claims = pages().flatMap((page) =>
      [...readPage(page).matchAll(/in (\d+) lines:\s\[[^\]]+\]\(([^)]+)\)/g)].map(([, lines, file]) => {
        const text = readFileSync(path.join(root, path.dirname(page), file!), 'utf8');
        assert.equal(text.trimEnd().split('\n').length, Number(lines), `${page}: ${file}`);
        return [path.basename(file!), Number(lines)] as const;
      }),
    );
    const { 'remove.mul_one.js': filter, 'seed_oss.ts': family } = Object.fromEntries(claims);
    assert.ok(filter! <= 30 && family! <= 40, JSON.stringify(claims));
  });

  it('lists the filters and words that o2o --help lists, in its words', () => {
    const help = execFileSync(path.join(prefix, 'bin/o2o'), ['--help'], { encoding: 'utf8' });
    const listed = [...help.matchAll(/^ {2}(\S+) {2,}(.+)$/gm)].map(([, name, summary]) => [name!, summary!]);
    const rows = listed.filter(([name]) => !name!.startsWith('-'));
    assert.ok(rows.length >= 17, `${rows.length} rows`);
    const page = readPage('docs/filters.md');
    for (const [name, summary] of rows)
      assert.match(
        page,
        new RegExp(`^\\| \`(o2o )?${name}[ \`].*\\| ${summary!.replace(/[()[\]|]/g, '\\$&')} \\|$`, 'm'),
      );
  });

  it('takes its tables of options from the tables that the checks go by', async () => {
    const error = await load('x', JSON.parse('{"nonsense": 1}')).catch((thrown: unknown) => thrown);
    const known = /expected one of (.*) for load/.exec((error as Error).message)?.[1]?.split(', ');
    const documented = rowsOf('lib/package/options.ts', 'loadOptions', loadOptions);
    assert.deepEqual(
      documented.map(({ name }) => name),
      known,
    );
    const called = [
      ...rowsOf('lib/runtime/options/generate.ts', 'ownOptions', generateOptions),
      ...rowsOf('lib/runtime/options/sampling.ts', 'samplingOptions', samplingOptions),
      ...rowsOf('lib/runtime/options/chat.ts', 'chatOptions', chatOptions),
    ];
    assert.deepEqual(called.map(({ name }) => name).sort(), Object.keys(generateOptions).sort());
  });

  it('does not take a row whose comment says another default, or none', () => {
    const file = 'lib/runtime/options/generate.ts';
    const other = { ...generateOptions, addBos: { ...generateOptions.addBos, default: false } };
    assert.throws(() => rowsOf(file, 'ownOptions', other), /addBos to say its default, got .*Default true/);
    const constant = { ...generateOptions, maxTokens: { ...generateOptions.maxTokens, default: 5 } };
    assert.throws(() => rowsOf(file, 'ownOptions', constant), /maxTokens to say its default/);
  });
});

describe('the reader of pages', () => {
  const fence = '```';
  const kinds = (text: string) => blocksOf('page', text).map(({ kind }) => kind);

  it('tells what is run, what is its output, what is a file and what only illustrates', () => {
    const run = `${fence}sh\ntrue\n${fence}`;
    const output = `${fence}text\n…\n${fence}`;
    assert.deepEqual(kinds(`${run}\n\n${output}\n`), ['run', 'output']);
    assert.deepEqual(kinds(`<!-- not run: needs a network -->\n${run}`), ['not run']);
    assert.deepEqual(kinds(`<!-- file: a.yaml -->\n${fence}yaml\na: 1\n${fence}`), ['file']);
    assert.equal(blocksOf('page', `<!-- exit: 2 -->\n${run}`)[0]!.exit, 2);
  });

  it('refuses what nobody would run or compare', () => {
    for (const text of [
      `${fence}yaml\na: 1\n${fence}`,
      `${fence}text\nsomething\n${fence}`,
      `${fence}\nno language\n${fence}`,
      `<!-- not run: -->\n${fence}yaml\na: 1\n${fence}`,
      `- item\n  ${fence}sh\n  true\n  ${fence}`,
      `text\n\n    indented\n`,
      `${fence}sh\ntrue\n`,
    ])
      assert.throws(() => kinds(text), /^Error: page:\d+: /, text);
  });

  it('compares output to the letter, but for …', () => {
    assert.ok(showsOutput('a\nb … d\n', 'a\nb c d\n'));
    assert.ok(showsOutput('a\n…\nz\n', 'a\n1\n2\nz\n'));
    for (const printed of ['a\nb c\n', 'a\nb c d e\n', 'x\na\nb c d', 'a\nb c\n d'])
      assert.equal(showsOutput('a\nb … d\n', printed), false, printed);
    assert.equal(showsOutput('a.c', 'abc'), false);
  });

  it('fails a block whose command fails, warns, or prints something else', () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'ggma-page-'));
    try {
      const run = (text: string) => runBlocks('page', blocksOf('page', text), dir);
      assert.deepEqual(run(`${fence}sh\necho a\n${fence}\n${fence}text\na\n${fence}\n`), {
        run: 1,
        compared: 1,
      });
      for (const text of [
        `${fence}sh\nfalse | true\n${fence}`,
        `${fence}sh\necho careful >&2\n${fence}`,
        `${fence}sh\necho a\n${fence}\n${fence}text\nb\n${fence}`,
        `<!-- exit: 1 -->\n${fence}sh\ntrue\n${fence}`,
        `${fence}js\nthrow new Error('no');\n${fence}`,
        `${fence}ts\nconst n: number = 'text';\nconsole.log(n);\n${fence}`,
      ])
        assert.throws(() => run(text), { name: 'AssertionError' }, text);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
