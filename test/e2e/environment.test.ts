/** What surrounds a process: its memory limit, locale, clock, home, folders and paths. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeModel } from '../../lib/circle/index.ts';
import { lower } from '../../lib/ir/graph/index.ts';
import { demoDir, packModel } from '../../lib/make/index.ts';
import { need } from '../support/need.ts';
import { root } from '../support/root.ts';

const command = (name: string) => join(root, `dist/bin/${name}.js`);

interface Run {
  status: number | null;
  stdout: string;
  stderr: string;
}

describe('surroundings', () => {
  let scratch: string;
  let pack: string;
  let expected: string;
  beforeEach(() => {
    scratch = mkdtempSync(join(tmpdir(), 'ggma-around-'));
    pack = join(scratch, 'pack');
    cpSync(demoDir(), pack, { recursive: true });
    writeFileSync(join(pack, 'model.circle'), writeModel(lower(packModel(demoDir()))));
    expected = run('ggma_run', [pack]).stdout;
    assert.match(expected, /detokenized: She liked/);
  });
  afterEach(() => {
    rmSync(scratch, { recursive: true });
  });

  function run(name: string, words: string[], env = process.env, cwd = scratch): Run {
    const { status, stdout, stderr } = spawnSync(process.execPath, [command(name), ...words], {
      ...{ cwd, env, encoding: 'utf8' },
    });
    return { status, stdout, stderr };
  }
  const good = () => ({ status: 0, stdout: expected, stderr: '' });

  it('fault 50: HOME unset, nothing set at all, other locales and time zones', () => {
    const { HOME: _, ...homeless } = process.env;
    const odd: NodeJS.ProcessEnv[] = [
      homeless,
      {},
      { ...process.env, LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8', LC_NUMERIC: 'de_DE' },
      { ...process.env, LC_ALL: 'C', TZ: 'Pacific/Chatham' },
      { ...process.env, HOME: '/no/such/home', TMPDIR: '/no/such/folder' },
    ];
    for (const env of odd) assert.deepEqual(run('ggma_run', [pack], env), good(), JSON.stringify(env));
    // Numbers have a point, whatever the locale has.
    const german = { ...process.env, LC_ALL: 'de_DE.UTF-8' };
    const { stdout } = run('ggma_run', [pack, '--logprobs', '0', '-n', '3'], german);
    assert.match(stdout, /\nlogprobs: \{ (-?\d+\.\d{4}(, )?){3} \}/);
    assert.equal(run('ggma_run', [pack, '--temperature', '0,5'], german).status, 2);
    const { status, stderr } = run('opm', ['init'], homeless);
    assert.equal(status, 0, stderr);
  });

  it('fault 50: paths with spaces, other scripts, quotes, line breaks, and beyond 260 characters', () => {
    const long = join(...Array<string>(6).fill('long'.repeat(15)));
    for (const name of ['with spaces', 'größe 模型 🙂', "it's $HOME; `x`", 'a\nb', '-n', '%s%n', long]) {
      const dir = join(scratch, 'odd', name);
      mkdirSync(join(dir, '..'), { recursive: true });
      cpSync(pack, dir, { recursive: true });
      assert.deepEqual(run('ggma_run', [dir]), good(), name);
      assert.deepEqual(run('ggma_run', ['--', name], process.env, join(scratch, 'odd')), good(), name);
      const explained = run('o2o', ['explain', join(dir, 'model.circle')]);
      assert.deepEqual([explained.status, explained.stderr], [0, ''], name);
      rmSync(join(dir, 'config.json'));
      const broken = run('ggma_run', [dir]);
      assert.equal(broken.status, 1);
      assert.match(broken.stderr, /^ggma: PACKAGE_INCOMPLETE: [^\n]*\n$/, name);
    }
  });

  it('fault 50: a read-only file system: nothing needs to be written, and what has to says so', function () {
    need(this, 'a user who may mount read-only');
    const words = `"${process.execPath}" "${command('ggma_run')}"`;
    const script = `
      mount --bind "${scratch}" "${scratch}" && mount -o remount,ro,bind "${scratch}" || exit 9
      cd "${scratch}"
      ${words} pack && ${words} > /dev/null && { ${words} pack --profile > /dev/null; echo "exit $?" >&2; }
      "${process.execPath}" "${command('gc')}" -o out.circle < pack/model.circle; echo "exit $?" >&2`;
    const { status, stdout, stderr } = spawnSync('unshare', ['-m', 'bash', '--norc', '-c', script], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout, expected);
    const said = stderr.split('\n').filter((line) => /^(ggma: [A-Z]|exit)/.test(line));
    assert.match(said[0]!, /^ggma: OUTPUT: .*EROFS.*ggma-trace\.json/);
    assert.match(said[2]!, /^ggma: OUTPUT: .*EROFS.*out\.circle/);
    assert.deepEqual([said[1], said[3], said.length], ['exit 1', 'exit 1', 4]);
    assert.deepEqual(readdirSync(scratch), ['pack']);
  });

  it('fault 50: a clock that jumps changes neither ids nor the sign of a duration', () => {
    const jump = join(scratch, 'jump.cjs');
    writeFileSync(jump, 'let t = 2e12; Date.now = () => (t -= 86_400_000 * (Math.random() < 0.5 ? 1 : -2));');
    const words = ['--require', jump, command('ggma_run'), pack, '--json'];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    const { text, timings } = JSON.parse(stdout) as { text: string; timings: Record<string, number> };
    assert.ok(expected.includes(`detokenized: ${text.trimStart()}\n`));
    assert.equal(Object.keys(timings).length, 4);
    for (const [name, value] of Object.entries(timings)) assert.ok(value > 0, name);
  });

  it('fault 38: weights beyond the address space (ulimit -v) are refused with need and have; the process lives', function () {
    need(this, 'prlimit(1)');
    const { status, signal, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'test/support/limited-memory.mjs'), join(scratch, 'weights')],
      { cwd: root, encoding: 'utf8', timeout: 110_000 },
    );
    assert.deepEqual([status, signal, stderr], [0, null, '']);
    const { refused, alive } = JSON.parse(stdout) as { refused: [string, string]; alive: boolean };
    assert.equal(refused[0], 'OUT_OF_MEMORY');
    const numbers = /need (\d+) bytes, have (\d+)/.exec(refused[1]);
    assert.ok(numbers, refused[1]);
    const [needed, have] = numbers.slice(1).map(Number) as [number, number];
    assert.ok(needed >= 5e8 && have < 3.1e8, refused[1]);
    assert.ok(alive);
  });
});
