import assert from 'node:assert/strict';
import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instructions } from '../../../lib/plan/index.ts';
import {
  generatedFolder,
  headers,
  renderHeader,
  writeNativeHeaders,
} from '../../../scripts/native-headers.ts';
import { scratchFolder } from '../../support/checkpoint.ts';

describe('scripts/native-headers', () => {
  it('writes every header, and again only where its content has changed', () => {
    const scratch = scratchFolder();
    try {
      const folder = join(scratch.path, 'generated');
      writeNativeHeaders(folder);
      const files = headers.map(({ file }) => join(folder, file));
      const old = new Date(2000, 1, 1);
      for (const file of files) utimesSync(file, old, old);
      writeFileSync(files[0]!, 'changed by hand');
      writeNativeHeaders(folder);
      assert.equal(readFileSync(files[0]!, 'utf8'), renderHeader(headers[0]!));
      for (const file of files.slice(1)) assert.deepEqual(statSync(file).mtime, old, file);
    } finally {
      scratch.remove();
    }
  });

  it('wrote those that the addon was built with', () => {
    for (const header of headers)
      assert.equal(readFileSync(join(generatedFolder, header.file), 'utf8'), renderHeader(header));
  });

  it('lists the operands of each instruction in the order of the table, behind dst', () => {
    const text = renderHeader(headers.find(({ file }) => file === 'instructions.h')!);
    const structs = [...text.matchAll(/^struct (\w+)Operands \{\n([^}]*)\};/gm)];
    assert.equal(structs.length, Object.keys(instructions).length);
    const fields = structs.map(([, , body]) =>
      [...body!.matchAll(/^ {2}(?:uint32_t|float) (\w+);/gm)].map(([, field]) => field!.replaceAll('_', '')),
    );
    assert.deepEqual(
      fields,
      Object.values(instructions).map(({ operands }) => [
        'dst',
        ...Object.keys(operands).map((name) => name.toLowerCase()),
      ]),
    );
  });
});
