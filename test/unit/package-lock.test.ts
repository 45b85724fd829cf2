import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { commands } from '../../lib/cli/commands.ts';
import { root } from '../support/root.ts';

const read = (file: string) =>
  JSON.parse(readFileSync(path.join(root, file), 'utf8')) as Record<string, unknown>;

describe('package.json', () => {
  it('is what package-lock.json says of the project, so that npm install changes neither', () => {
    const own = read('package.json');
    const locked = (read('package-lock.json').packages as Record<string, Record<string, unknown>>)['']!;
    const fields = ['name', 'version', 'license', 'bin', 'engines', 'dependencies', 'devDependencies'];
    for (const field of fields) assert.deepEqual(locked[field], own[field], field);
  });

  it('has every command', () => {
    const expected = Object.fromEntries(commands.map(({ name }) => [name, `dist/bin/${name}.js`]));
    assert.deepEqual(read('package.json').bin, expected);
  });
});
