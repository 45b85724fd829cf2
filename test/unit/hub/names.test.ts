import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkRevision, isOrdinaryPath, isPortableName, parseRepoId } from '../../../lib/hub/names.ts';

const refused = { code: 'IMPORT_NAME', message: /got "/ };

describe('hub/names', () => {
  it('takes the ids that a hub has', () => {
    for (const id of ['gpt2', 'owner/name', 'Maykeye/TinyLLama-v0', 'a/b_c.d-e1', 'x/y.v1.0'])
      assert.equal(parseRepoId(id).id, id);
    assert.equal(parseRepoId('Maykeye/TinyLLama-v0').name, 'TinyLLama-v0');
  });

  it('fault 47: refuses repository ids that lead elsewhere', () => {
    const wrong = [
      '',
      '/',
      'a/',
      '/a',
      '../../x',
      '..',
      'a/..',
      '../a',
      'a/b/c',
      '/etc/passwd',
      'a/b\0c',
      'a\\b',
    ];
    wrong.push(
      'https://huggingface.co/a/b',
      'a b',
      'a/b?x=1',
      'a/b#c',
      'a/%2e%2e',
      '.a/b',
      'a/b.',
      'a/-b',
      'a--b/c',
    );
    wrong.push('a/CON', 'a/nul.x', 'a/com1', `a/${'x'.repeat(97)}`, 'ä/b', 'a/b\n', 'a:b/c', 'C:\\x');
    for (const id of wrong) assert.throws(() => parseRepoId(id), refused, JSON.stringify(id));
  });

  it('fault 47: refuses revisions that are none', () => {
    for (const revision of ['main', 'v1.0', 'refs/pr/12', 'feature/x-y_z', 'a'.repeat(40)])
      assert.equal(checkRevision(revision), revision);
    for (const revision of [
      '',
      '..',
      '.',
      '../x',
      'a/../b',
      '/a',
      'a/',
      'a//b',
      'a b',
      'a\0',
      'a?',
      'a#b',
      'a/.b',
      '-x',
    ])
      assert.throws(() => checkRevision(revision), refused, JSON.stringify(revision));
  });

  it('fault 47: knows names that mean something else on some system', () => {
    for (const name of [
      'model.safetensors',
      'model-00001-of-00003.safetensors',
      '_x',
      'console.txt',
      'com10.x',
    ])
      assert.ok(isPortableName(name), name);
    const wrong = [
      '',
      '.',
      '..',
      'CON',
      'con',
      'NUL.txt',
      'lpt9.safetensors',
      'a/b',
      'a\\b',
      'a:b',
      'a\0',
      '.x',
      '-x',
    ];
    wrong.push('x.', 'x ', 'ä', 'a*b', 'x'.repeat(300));
    for (const name of wrong) assert.ok(!isPortableName(name), JSON.stringify(name));
  });

  it('fault 47: paths of a listing stay inside it (property)', () => {
    for (const path of ['a', 'onnx/model.onnx', 'a/b/c.d', '.gitattributes', 'with space', 'ä'])
      assert.ok(isOrdinaryPath(path), path);
    const wrong = [
      '',
      '/a',
      '../a',
      'a/../b',
      'a/..',
      './a',
      'a//b',
      'a/',
      'a\\b',
      '..\\a',
      'C:/x',
      'c:x',
      'a\0b',
      'a\n',
    ];
    for (const path of wrong) assert.ok(!isOrdinaryPath(path), JSON.stringify(path));
    let ordinary = 0;
    const part = fc.constantFrom('a', '.', '..', '', '/', '\\', '\0', 'C:', 'b.c');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const path = parts.join('/');
        if (!isOrdinaryPath(path)) return;
        ordinary++;
        const resolved = new URL(path.split('/').map(encodeURIComponent).join('/'), 'http://h/base/')
          .pathname;
        assert.ok(resolved.startsWith('/base/') && resolved.length > '/base/'.length, path);
      }),
      { numRuns: 2000, seed: 47 },
    );
    assert.ok(ordinary > 20, `${ordinary} ordinary`);
  });
});
