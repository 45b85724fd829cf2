import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { GgmaError } from '../../../lib/errors.ts';
import { pieceType, readSentencePieceModel } from '../../../lib/text/sentencepiece-model.ts';
import { lilyTokenizerPath } from '../../support/lily.ts';
import { field, numberField, piece } from '../../support/sentencepiece.ts';

const model = (...parts: number[][]): Uint8Array => Uint8Array.from(parts.flat());

const unknown = piece('<unk>', pieceType.unknown);
const read = (...parts: number[][]) => readSentencePieceModel(model(...parts), 'file');
const refuses = (pattern: RegExp, ...parts: number[][]) =>
  assert.throws(
    () => read(...parts),
    (error) => error instanceof GgmaError && error.code === 'TOKENIZER' && pattern.test(error.message),
  );

describe('text/sentencepiece-model', () => {
  it('reads pieces and specifications', () => {
    const spec = field(2, [
      ...numberField(35, 0),
      ...field(46, Buffer.from('[BOS]')),
      ...field(44, Buffer.from('?')),
    ]);
    const normalizer = field(3, [...field(2, [1]), ...numberField(3, 0), ...numberField(4, 1)]);
    const result = read(
      unknown,
      piece('[BOS]', pieceType.control),
      piece('</s>'),
      piece('a'),
      spec,
      normalizer,
    );
    assert.deepEqual(
      result.pieces.map(({ text, type }) => [text, type]),
      [
        ['<unk>', 2],
        ['[BOS]', 3],
        ['</s>', 1],
        ['a', 1],
      ],
    );
    const { unkId, bosId, eosId, padId, unkSurface, byteFallback, addDummyPrefix } = result;
    assert.deepEqual(
      { unkId, bosId, eosId, padId, unkSurface, byteFallback, addDummyPrefix },
      {
        unkId: 0,
        bosId: 1,
        eosId: null,
        padId: null,
        unkSurface: '?',
        byteFallback: false,
        addDummyPrefix: false,
      },
      'a piece named </s> that is no control piece ends nothing',
    );
    assert.deepEqual([result.removeExtraWhitespaces, result.rewritesCharacters], [true, true]);
    assert.equal(read(unknown).unkSurface, ' \u2047 ');
  });

  it('reads scores', async () => {
    const { pieces } = readSentencePieceModel(await readFile(lilyTokenizerPath), 'lily');
    assert.deepEqual(
      [259, 260, 261].map((id) => pieces[id]!.score),
      [-0, -1, -2],
    );
  });

  it('fault 19: refuses models that could not work', () => {
    refuses(/with pieces, got none/, field(2, []));
    refuses(/one unknown piece, got 0/, piece('a'));
    refuses(/one unknown piece, got 2/, unknown, piece('b', pieceType.unknown));
    refuses(/distinct pieces/, unknown, piece('a'), piece('a'));
    refuses(/a text for the piece/, unknown, piece(''));
    refuses(/type from 1 to 6, got 7/, unknown, piece('a', 7));
    refuses(/<0x00> … <0xFF>/, unknown, piece('<0x-1>', pieceType.byte));
    refuses(/<0x00> … <0xFF>/, unknown, piece('<0x0a>', pieceType.byte));
    refuses(
      /256 byte pieces .* got 1/,
      unknown,
      piece('<0x0A>', pieceType.byte),
      field(2, numberField(35, 1)),
    );
    refuses(/UTF-8/, unknown, field(1, field(1, [0xff])));
    refuses(/NaN/, unknown, field(1, [...field(1, [97]), 0x15, 0, 0, 0xc0, 0x7f]));
    refuses(/denormalizer/, unknown, field(5, field(2, [1])));
    refuses(/wire type/, unknown, numberField(1, 5));
    refuses(/wire type 3/, [0x0b]);
    refuses(/field number 0/, [0x02, 0x00]);
    refuses(/longer than 10 bytes/, [0x08, ...Array<number>(10).fill(0xff)]);
  });

  it('every cut and every changed byte gives a model or TOKENIZER, soon', async () => {
    const good = await readFile(lilyTokenizerPath);
    const small = good.subarray(0, 600);
    let refused = 0;
    const attempt = (bytes: Uint8Array) => {
      try {
        readSentencePieceModel(bytes, 'file');
      } catch (error) {
        assert.ok(error instanceof GgmaError && error.code === 'TOKENIZER', String(error));
        refused++;
      }
    };
    for (let length = 0; length < small.length; length++) attempt(small.subarray(0, length));
    for (let at = 0; at < good.length; at += 31) {
      const bytes = Uint8Array.from(good);
      bytes[at] = bytes[at]! ^ (1 << (at % 8));
      attempt(bytes);
    }
    assert.ok(refused > 700, `${refused} refused`);
  });
});
