/** The built filter commands on what goes wrong: input, output, and both at once. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { layOut, readModel, writeModel } from '../../lib/circle/index.ts';
import { commands } from '../../lib/cli/commands.ts';
import { need } from '../support/need.ts';
import { root } from '../support/root.ts';
import { weightsModel } from '../support/weights-model.ts';

const bin = path.join(root, 'dist/bin');

describe('filter commands', () => {
  let scratch = '';
  /** Changes x's name; the other filters find nothing in this model. */
  const rename = 'rename.io.remove_prefix tico::';
  const model = () =>
    weightsModel([new Uint8Array(300_000).fill(1), new Uint8Array(200_000).fill(2), new Uint8Array(16)]);
  before(() => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'ggma filters '));
    writeFileSync(path.join(scratch, 'a.circle'), writeModel(model()));
  });
  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Runs a script in which every command is a function of its name. */
  const shell = (script: string) => {
    const functions = commands.map(
      ({ name }) => `${name}() { "${process.execPath}" "${bin}/${name}.js" "$@"; }`,
    );
    return spawnSync('bash', ['--norc', '-uc', `${functions.join('\n')}\n${script}`], {
      cwd: scratch,
      encoding: 'utf8',
    });
  };
  const size = (file: string) => statSync(path.join(scratch, file)).size;
  const read = (file: string) => readFileSync(path.join(scratch, file));
  const temporary = () => readdirSync(scratch).filter((name) => name.endsWith('.part'));

  it('fault 16: end bad input with one line, exit 1 or 2, and nothing on standard output', () => {
    writeFileSync(path.join(scratch, 'junk.circle'), Buffer.alloc(100_000, 'junk'));
    writeFileSync(path.join(scratch, 'tail.circle'), Buffer.concat([read('a.circle'), Buffer.from('more')]));
    const cases: [string, number, RegExp][] = [
      ['gc < /dev/null', 1, /CIRCLE_CORRUPT: expected a Circle file, got no bytes \(standard input\)/],
      ['printf "" | gc', 1, /CIRCLE_CORRUPT: .* got no bytes/],
      ['gc < junk.circle', 1, /CIRCLE_CORRUPT: expected the file identifier CIR0 .*"junk"/],
      ['cat junk.circle | gc', 1, /CIRCLE_CORRUPT: expected the file identifier CIR0/],
      ['cat a.circle a.circle | gc', 1, /CIRCLE_CORRUPT: expected one model, got another one behind it/],
      [
        'cat a.circle a.circle > b.circle; gc < b.circle',
        1,
        /CIRCLE_CORRUPT: expected one model, got another/,
      ],
      ['gc < tail.circle', 1, /CIRCLE_CORRUPT: expected the file to end at byte \d+/],
      ['head -c 300000 a.circle | gc', 1, /CIRCLE_CORRUPT: .*\(buffers\[\d\]\.data\)/],
      ['head -c 300000 a.circle > c.circle; gc < c.circle', 1, /CIRCLE_CORRUPT: /],
      ['gc < .', 1, /INPUT: expected a readable file, got: a folder instead of a file \(EISDIR\)/],
      ['merge.circles a.circle absent.circle', 1, /INPUT: .*ENOENT.*absent\.circle/],
      ['merge.circles a.circle junk.circle', 1, /CIRCLE_CORRUPT: .*junk\.circle/],
      ['merge.circles a.circle c.circle', 1, /CIRCLE_CORRUPT: .*\(c\.circle: buffers\[\d\]\.data\)/],
      ['merge.circles a.circle - < a.circle', 2, /USAGE: .*--sig-names/],
      ["merge.circles - - --sig-names 'a;b' < a.circle", 2, /USAGE: .*once/],
      ['o2o gc + merge.circles a.circle < a.circle', 2, /USAGE: .*at the start of the chain or with '-'/],
      ['o2o', 2, /USAGE: expected a filter/],
      ['o2o gc + + gc < a.circle', 2, /USAGE: expected a filter on both sides/],
      ['gc --sideways < a.circle', 2, /USAGE: gc: expected no arguments/],
      ['gc -o < a.circle', 2, /USAGE: expected a file name for --output/],
    ];
    for (const [script, code, message] of cases) {
      const { stdout, stderr, status } = shell(script);
      assert.equal(status, code, script);
      assert.match(stderr, /^ggma: [^\n]*\n$/, script);
      assert.match(stderr, message, script);
      assert.equal(stdout, '', script);
    }
  });

  it('fault 16: refuse a terminal on either side', function () {
    need(this, 'script(1)');
    const onTerminal = (script: string) => {
      const command = `"${process.execPath}" "${bin}/gc.js" ${script}; echo "exit $?"`;
      return spawnSync('script', ['-qec', command, '/dev/null'], {
        cwd: scratch,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      }).stdout;
    };
    assert.match(
      onTerminal('< a.circle'),
      /ggma: USAGE: expected standard output to be a file or a pipe .*\s+exit 2/,
    );
    assert.match(
      onTerminal('< /dev/tty > t.circle'),
      /ggma: USAGE: expected a Circle model on standard input, got a terminal.*\s+exit 2/,
    );
    assert.equal(size('t.circle'), 0);
  });

  it('fault 18: end without a word when the reader goes', () => {
    for (const script of [rename, 'gc', `o2o gc + ${rename}`]) {
      const { stdout, stderr } = shell(
        `exec 3>&2; { ${script} < a.circle 2> err; echo "exit $?" >&3; } | head -c 1 | wc -c; grep -v changed err >&2`,
      );
      assert.equal(stdout.trim(), '1', script);
      assert.equal(stderr, 'exit 0\n', script);
    }
  });

  it('fault 18: say so when the disk is full, and leave no half file', () => {
    const full = shell(`${rename} < a.circle > /dev/full`);
    assert.equal(full.status, 1);
    assert.match(
      full.stderr,
      /^ggma: OUTPUT: expected to write to standard output, got: the disk is full \(ENOSPC\)\n$/,
    );
    // A limit on the size of files ends a write in the middle, as a full disk does.
    for (const source of ['< a.circle', '< <(cat a.circle)', '--external-buffers < a.circle']) {
      const limited = shell(`(ulimit -f 64; ${rename} ${source} > half.circle)`);
      assert.equal(limited.status, 1, source);
      assert.match(limited.stderr, /^ggma: OUTPUT: [^\n]*EFBIG[^\n]*\n$/, source);
      assert.equal(size('half.circle'), 0, source);
    }
    const appended = shell(`printf before > log; (ulimit -f 64; ${rename} < a.circle >> log)`);
    assert.equal(appended.status, 1);
    assert.equal(read('log').toString(), 'before');
  });

  it('fault 18: -o writes the whole file or keeps the old one', () => {
    writeFileSync(path.join(scratch, 'old.circle'), 'old');
    mkdirSync(path.join(scratch, 'folder.circle'));
    for (const [script, message] of [
      [`(ulimit -f 64; ${rename} -o old.circle < a.circle)`, /OUTPUT: .*EFBIG.*old\.circle/],
      ['head -c 300000 a.circle | gc -o old.circle', /CIRCLE_CORRUPT: /],
      [`${rename} -o absent/x.circle < a.circle`, /OUTPUT: .*ENOENT.*absent\/x\.circle/],
      [`${rename} -o folder.circle < a.circle`, /OUTPUT: .*folder\.circle/],
      ['fuse.attention --strict -o old.circle < a.circle', /fuse\.attention: 0 of /],
    ] as const) {
      const { stdout, stderr, status } = shell(script);
      assert.deepEqual([status, stdout], [1, ''], script);
      assert.match(stderr, message, script);
      assert.match(stderr, /^[^\n]*\n$/, script);
      assert.equal(read('old.circle').toString(), 'old', script);
      assert.deepEqual(temporary(), [], script);
    }
    assert.equal(shell(`${rename} -o old.circle < a.circle; ${rename} < a.circle > new.circle`).status, 0);
    assert.deepEqual(read('old.circle'), read('new.circle'));
    assert.notDeepEqual(read('new.circle'), read('a.circle'));
    // Into the file that is read: the ranges come from the old one to the end.
    const inPlace = shell(
      `cp a.circle own.circle; ${rename} --output=own.circle < own.circle; cmp own.circle new.circle`,
    );
    assert.deepEqual([inPlace.status, inPlace.stderr], [0, '']);
  });

  it('fault 18: refuse to write the file that they read', () => {
    const { status, stderr } = shell('cp a.circle same.circle; gc < same.circle 1<> same.circle');
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^ggma: USAGE: expected another file for standard output than for input \(use -o FILE\)\n$/,
    );
    assert.deepEqual(read('same.circle'), read('a.circle'));
    // The shell has emptied it before the filter starts.
    assert.equal(shell('cp a.circle same.circle; gc < same.circle > same.circle').status, 2);
  });

  it('give the same from a file, a pipe and a chain, inline and external', () => {
    const { status, stderr } = shell(`
      set -e
      ${rename} < a.circle > file.circle
      cat a.circle | ${rename} > pipe.circle; cmp file.circle pipe.circle
      ${rename} --external-buffers < a.circle > external.circle
      cat external.circle | ${rename.replace('tico::', 'none::')} --external-buffers 2> /dev/null > again.circle
      cmp external.circle again.circle
      fuse.attention < external.circle 2> /dev/null > unchanged.circle; cmp external.circle unchanged.circle
      cat external.circle | fuse.attention 2> /dev/null > unchanged.circle; cmp external.circle unchanged.circle
      merge.circles a.circle file.circle --sig-names 'a;b' > merged.circle
      merge.circles a.circle - --sig-names 'a;b' < file.circle > dash.circle
      o2o ${rename} + merge.circles a.circle - --sig-names 'a;b' < a.circle > chain.circle
      merge.circles <(cat a.circle) <(cat file.circle) --sig-names 'a;b' > pipes.circle`);
    assert.deepEqual([status, stderr], [0, '']);
    const [file, external] = [readModel(read('file.circle')), readModel(read('external.circle'))];
    assert.deepEqual(file, external);
    assert.equal(file.subgraphs![0]!.tensors![0]!.name, 'x');
    assert.ok(layOut(model(), { externalBuffers: true }).head.byteLength < 3000);
    // What the files are called stands in the description.
    const merged = ['merged', 'dash', 'chain', 'pipes'].map((name) => ({
      ...readModel(read(`${name}.circle`)),
      description: '',
    }));
    // The sentinel and three buffers: the weights of both files are the same.
    assert.equal(merged[0]!.buffers!.length, 4);
    for (const other of merged.slice(1)) assert.deepEqual(other, merged[0]);
  });

  it('fault 17: write nothing with --strict where there is nothing to do', () => {
    const { status, stdout, stderr } = shell(`o2o ${rename} + fuse.attention --strict < a.circle`);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^fuse\.attention: 0 of 0 attention blocks changed: [^\n]*\n$/);
    assert.ok(existsSync(path.join(scratch, 'a.circle')));
  });
});
