import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import {
  startSentencePiece,
  withControls,
  withoutDummyPrefix,
} from '../../../lib/text/sentencepiece-library.ts';
import { readSentencePieceModel } from '../../../lib/text/sentencepiece-model.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';
import { withUserDefined } from '../../support/sentencepiece.ts';

describe('text/sentencepiece-library', () => {
  it('loads models from memory, several into one heap, each with its own pieces', async () => {
    const lily = await readFile(lilyTokenizerPath);
    const make = await startSentencePiece('lily');
    const [plain, longer, bare] = [
      make(lily),
      make(withUserDefined(lily, '<x>')),
      make(withoutDummyPrefix(lily)),
    ];
    assert.deepEqual(plain('Lily'), [477]);
    assert.deepEqual(longer('Lily<x>'), [477, 1024]);
    assert.ok(!plain('Lily<x>').includes(1024));
    assert.deepEqual(bare(' Lily'), [477]);
    assert.notDeepEqual(bare('Lily'), [477]);
    assert.deepEqual(plain('Lily'), [477], 'the first is as it was');
  });

  it('changes the type of the pieces asked for, and nothing else', async () => {
    const bytes = withUserDefined(await readFile(lilyTokenizerPath), '<x>', '<y>');
    const model = readSentencePieceModel(bytes, 'lily');
    const changed = withControls(bytes, model, (id) => id === 1025);
    assert.equal(changed.length, bytes.length);
    assert.equal(changed.filter((byte, i) => byte !== bytes[i]).length, 1);
    assert.deepEqual(
      readSentencePieceModel(changed, 'lily')
        .pieces.slice(1024)
        .map(({ text, type }) => [text, type]),
      [
        ['<x>', 4],
        ['<y>', 3],
      ],
    );
    const processor = (await startSentencePiece('lily'))(changed);
    assert.ok(processor('<x>').includes(1024));
    assert.ok(!processor('<y>').includes(1025));
  });
});
