/** The example of a batch, run as its user runs it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Completion } from '../../../lib/index.ts';
import { loadDemo } from '../../../lib/make/index.ts';
import { demoPackage } from '../../support/demo-package.ts';
import { root } from '../../support/root.ts';

const file = path.join(root, 'examples/batch/batch.js');

interface Answer extends Partial<Pick<Completion, 'text' | 'finishReason' | 'usage'>> {
  error?: { code: string; message: string };
}

describe('the example batch', () => {
  const demo = demoPackage();
  after(() => {
    demo.remove();
  });

  const run = (input: string, atOnce: number) => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [file, demo.dir, `${atOnce}`], {
      input,
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
    assert.equal(status, 0);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Answer);
  };

  // Lengths that go down and up: what ends first is not what began first.
  const prompts = Array.from({ length: 25 }, (_, i) => ({
    prompt: ['Once upon a time,', 'Lily picked up a flower.', 'The dog'][i % 3]!,
    maxTokens: 1 + ((i * 17) % 40),
  }));

  for (const atOnce of [1, 4, 64])
    it(`${atOnce} at once: the answers of single calls, in the order of the input`, async () => {
      const answers = run(prompts.map((prompt) => JSON.stringify(prompt)).join('\n'), atOnce);
      assert.equal(answers.length, prompts.length);
      const model = await loadDemo();
      for (const [i, { prompt, maxTokens }] of prompts.entries()) {
        const { text, finishReason, usage } = await model.complete(prompt, { maxTokens });
        assert.deepEqual(answers[i], { text, finishReason, usage });
      }
      await model.close();
    });

  it('a wrong line is answered in its place, and the others go on', () => {
    const answers = run(
      '{"prompt": "A", "maxTokens": 2}\nno JSON\n\n{"prompt": ""}\n{"prompt": "A", "wide": 1}\n',
      2,
    );
    assert.equal(answers[0]!.usage!.completionTokens, 2);
    assert.deepEqual(
      answers.map(({ error }) => error?.code),
      [undefined, 'SyntaxError', undefined, 'OPTION'],
    );
  });
});
