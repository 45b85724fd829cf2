/** Rules of native/ that no compiler keeps. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../support/root.ts';

const native = path.join(root, 'native');

/** Files of a folder of native/, as paths within native/. */
function filesOf(folder: string): string[] {
  const files = readdirSync(path.join(native, folder)).map((name) => `${folder}/${name}`);
  assert.ok(files.length > 0);
  return files;
}

function includesOf(file: string): string[] {
  const text = readFileSync(path.join(native, file), 'utf8');
  return [...text.matchAll(/^\s*#\s*include\s+[<"]([^>"]+)[>"]/gm)].map((match) => match[1]!);
}

describe('native house rules', () => {
  it('an instruction-set object exports its table and nothing else', () => {
    // A weak symbol (an inline function, a template) is compiled for AVX and may be the copy that the linker keeps.
    const build = path.join(root, 'build/CMakeFiles');
    assert.ok(existsSync(build), `expected a build of the addon in ${build}`);
    const objects = ['scalar', 'avx2', 'avx512', 'neon', 'neon_dot'].flatMap((name) =>
      [1, 2, 3, 4].map((part) => `${build}/ggma_${name}_${part}.dir/native/isa/${name}.cc.o`),
    );
    const built = objects.filter((file) => existsSync(file));
    assert.ok(built.length >= 4 && built.length % 4 === 0, built.join(' '));
    for (const file of built) {
      const set = path.basename(file, '.cc.o');
      const lines = execFileSync('nm', [file], { encoding: 'utf8' }).trim().split('\n');
      const symbols = lines.map((line) => / ([A-Za-z]) (\S+)$/.exec(line)!.slice(1) as [string, string]);
      // Lower case is local, but for v, w and u (weak, unique); U is needed from elsewhere.
      const exported = symbols.filter(([kind]) => kind !== 'U' && /[A-Zvwu]/.test(kind));
      assert.equal(exported.length, 1, `${set}: ${exported.join(' ')}`);
      assert.match(exported[0]!.join(' '), /^[DRS] .*Kernels[1-4]/);
      const needed = symbols.filter(([kind]) => kind === 'U').map(([, name]) => name);
      for (const name of needed)
        assert.match(name, /^_*(fmaf|mem(set|cpy|move)|bzero|GLOBAL_OFFSET_TABLE_|stack_chk_fail)$/, set);
    }
  });

  it('kernels include no C++ library', () => {
    const own =
      /^(generated\/format\.h|kernels\/\w+\.(inc|h)|simd\/\w+\.h|isa\/(isa\.h|body\.inc|table\.inc))$/;
    const plain = /^(stddef\.h|stdint\.h|immintrin\.h|arm_neon\.h)$/;
    let seen = 0;
    const files = ['kernels', 'simd', 'isa'].flatMap(filesOf).filter((file) => !file.includes('dispatch'));
    for (const file of files) {
      for (const name of includesOf(file)) {
        seen++;
        assert.ok(own.test(name) || plain.test(name), `${file} includes ${name}`);
      }
    }
    assert.ok(seen > 20);
  });

  it('only addon/ knows Node', () => {
    let seen = 0;
    for (const file of ['kernels', 'simd', 'isa', 'core'].flatMap(filesOf)) {
      seen++;
      for (const name of includesOf(file)) assert.doesNotMatch(name, /napi|^node|^addon|^uv/, file);
    }
    assert.ok(seen > 30);
  });

  it('every kernel file is listed', () => {
    const listed = includesOf('kernels/kernels.inc');
    const present = filesOf('kernels').filter(
      (file) => file.endsWith('.inc') && file !== 'kernels/kernels.inc',
    );
    assert.deepEqual([...listed].sort(), present.sort());
  });

  it('one list of sources has them all, and node-gyp builds by it', () => {
    const lists = readFileSync(path.join(root, 'CMakeLists.txt'), 'utf8');
    const globbed = [...lists.matchAll(/^\s*file\(GLOB \w+ CONFIGURE_DEPENDS native\/(\w+)\/\*\.cc\)/gm)];
    assert.deepEqual(globbed.map((match) => match[1]).sort(), ['addon', 'core']);
    const others = readdirSync(native, { recursive: true, encoding: 'utf8' }).filter(
      (file) => file.endsWith('.cc') && !/^(addon|core)\/\w+\.cc$/.test(file),
    );
    assert.ok(others.length >= 6, others.join(' '));
    for (const file of others) assert.match(lists, new RegExp(`[ (]native/${file.replace('.', '\\.')}[) ]`));
    const gyp = readFileSync(path.join(root, 'binding.gyp'), 'utf8');
    assert.match(gyp, /'action': \['node', '--import', 'tsx', 'scripts\/native\.ts', 'addon'\]/);
    assert.doesNotMatch(gyp, /'sources'|cflags|\.cc'/);
  });
});
