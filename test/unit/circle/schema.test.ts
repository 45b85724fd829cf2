import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDir, generatedFiles, generateSchema } from '../../../scripts/schema.ts';

describe('circle schema', () => {
  it('has generated files that are current', async () => {
    const files = await generateSchema();
    assert.equal(files.size, 3);
    assert.deepEqual(generatedFiles(), [...files.keys()].sort());
    for (const [path, text] of files)
      assert.equal(readFileSync(join(generatedDir, path), 'utf8'), text, path);
  });
});
