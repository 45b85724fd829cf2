import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { chosenQuestions, questions } from '../../../../scripts/bench/questions.ts';
import { root } from '../../../support/root.ts';

const namesFor = (words: string): string[] =>
  chosenQuestions(words.split(' ').filter(Boolean)).map(({ name }) => name);

describe('the questions of npm run bench', () => {
  it('are files that exist', () => {
    for (const { script } of questions) assert.ok(existsSync(path.join(root, script)), script);
  });

  it('are all asked, some, or all but some, in their own order', () => {
    const all = questions.map(({ name }) => name);
    assert.deepEqual(namesFor(''), all);
    assert.deepEqual(namesFor('--only context,throughput'), ['throughput', 'context']);
    assert.deepEqual(
      namesFor('--except serving'),
      all.filter((name) => name !== 'serving'),
    );
    assert.throws(() => namesFor('--only contxt'), {
      message: /^expected limits, .* for --only, got 'contxt'$/,
    });
  });

  it('are put more shortly with --quick', () => {
    const words = (line: string) => chosenQuestions(line.split(' '))[0]!.words;
    assert.deepEqual(words('--only throughput'), []);
    assert.ok(words('--only throughput --quick').includes('--models'));
  });
});
