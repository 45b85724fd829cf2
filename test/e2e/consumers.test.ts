/** Whoever uses the package: TypeScript's module kinds, bundlers, test runners. docs/library.md has the same table. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { demoPackage } from '../support/demo-package.ts';
import { type InstalledProject, installedProject } from '../support/installed.ts';
import { root } from '../support/root.ts';

const long = process.env.GGMA_LONG === '1';
const STORY = 'there was a little girl named Zoe.';

describe('consumers of the package', function () {
  this.timeout(600_000);
  let project: InstalledProject;
  const demo = demoPackage();
  before(() => {
    project = installedProject();
  });
  after(() => {
    project?.remove();
    demo.remove();
  });

  const write = (name: string, text: string) => {
    const file = path.join(project.dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };

  /** What the compiler says of the file. */
  function typeErrors(file: string, ...words: string[]): string {
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const types = ['--typeRoots', path.join(root, 'node_modules/@types'), '--types', 'node'];
    const target = ['--target', 'es2023', '--lib', 'es2023,esnext.disposable'];
    return spawnSync(process.execPath, [tsc, '--noEmit', '--strict', ...target, ...types, ...words, file], {
      cwd: project.dir,
      encoding: 'utf8',
    }).stdout;
  }

  const imported = `import { load, type Model } from 'ggma';
import { type Filter, simpleFilter } from 'ggma/filter';
export const model: Promise<Model> = load('x');
export const filter: Filter = simpleFilter('a', 'b', ({ graphs }) => (
  { changed: graphs.length, candidates: 0, what: '', reasons: [] }));
`;

  for (const [name, words] of [
    ['a.mts', ['--module', 'nodenext']],
    ['a.mts', ['--module', 'node16']],
    ['a.cts', ['--module', 'nodenext']],
    ['a.cts', ['--module', 'node20']],
    ['a.ts', ['--module', 'commonjs']],
    ['a.ts', ['--module', 'esnext', '--moduleResolution', 'bundler']],
  ] as const)
    it(`types check in ${name} with ${words.join(' ')}, libraries included`, () => {
      assert.equal(typeErrors(write(name, imported), ...words, '--skipLibCheck', 'false'), '');
    });

  it('module node16 in CommonJS takes import(), as the page says', () => {
    assert.match(typeErrors(write('a.cts', imported), '--module', 'node16'), /TS1479/);
    const text = `import type { Model } from 'ggma' with { 'resolution-mode': 'import' };
export async function open(): Promise<Model> {
  const { load } = await import('ggma');
  return load('x');
}
`;
    assert.equal(typeErrors(write('b.cts', text), '--module', 'node16', '--skipLibCheck', 'false'), '');
  });

  const program = `import { load } from 'ggma';
const model = await load(process.argv[2]);
console.log((await model.complete('Once upon a time,', { maxTokens: 8 })).text.trim());
await model.close();
`;

  it('esbuild bundles a service around it, and a bundle with ggma inside says what to do', async () => {
    const entry = write('service.mjs', program);
    const bundle = async (name: string, external: string[], dir: string) => {
      const outfile = path.join(project.dir, 'out', name);
      await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', format: 'esm', external });
      return spawnSync(process.execPath, [outfile, dir], { encoding: 'utf8' });
    };
    const outside = await bundle('outside.mjs', ['ggma'], demo.dir);
    assert.equal(outside.stdout, `${STORY}\n`, outside.stderr);
    // Without tokenizers, whose library would fail in the bundle first.
    const plain = demoPackage();
    try {
      for (const name of ['tokenizer.model', 'tokenizer.json']) rmSync(path.join(plain.dir, name));
      const inside = await bundle('inside.mjs', [], plain.dir);
      assert.equal(inside.status, 1);
      assert.match(inside.stderr, /NATIVE_LOAD/);
      assert.match(inside.stderr, /keep ggma out of the bundle \(esbuild: --external:ggma\)/);
    } finally {
      plain.remove();
    }
  });

  it('Jest runs it with --experimental-vm-modules (GGMA_LONG)', () => {
    if (!long) return;
    execFileSync('npm', ['install', '--no-audit', '--no-fund', 'jest@30'], {
      cwd: project.dir,
      stdio: 'pipe',
    });
    write(
      'jest/a.test.js',
      `test('loads', async () => {
  const { GgmaError, load } = await import('ggma');
  const model = await load(${JSON.stringify(demo.dir)});
  expect((await model.complete('Once upon a time,', { maxTokens: 8 })).text.trim()).toBe(${JSON.stringify(STORY)});
  await expect(model.complete('x', { maxTokens: -1 })).rejects.toBeInstanceOf(GgmaError);
  await model.close();
  await expect(load('nowhere')).rejects.toMatchObject({ code: 'PACKAGE_NOT_FOUND' });
});
`,
    );
    const { status, stderr } = spawnSync('npx', ['--no-install', 'jest', 'jest'], {
      cwd: project.dir,
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '--experimental-vm-modules' },
    });
    assert.equal(status, 0, stderr);
  });
});
