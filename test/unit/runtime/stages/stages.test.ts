import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Piece,
  Pipeline,
  partsOf,
  type Stage,
  stagesFor,
} from '../../../../lib/runtime/stages/index.ts';
import { tokenizer } from '../../../support/fake-model.ts';

const token = (id: number) => ({ id, logprob: null });

/** Every id's text is the one given for it. */
class Spelling implements Stage {
  readonly ending = null;
  readonly #texts: readonly string[];
  constructor(texts: readonly string[]) {
    this.#texts = texts;
  }
  push(pieces: readonly Piece[]): Piece[] {
    return pieces.map((piece) => ({
      type: 'text',
      text: piece.tokens.map(({ id }) => this.#texts[id]!).join(''),
      tokens: piece.tokens,
    }));
  }
  end(): Piece[] {
    return [];
  }
}

/** What a later order adds as a stage: text between < and > is reasoning, and the brackets are not shown. */
class Brackets implements Stage {
  readonly ending = null;
  #type: 'text' | 'reasoning' = 'text';
  push(pieces: readonly Piece[]): Piece[] {
    return pieces.flatMap((piece) => {
      assert.ok(piece.type === 'text');
      if (piece.text === '<') this.#type = 'reasoning';
      const shown: Piece = { type: this.#type, text: piece.text.replace(/[<>]/, ''), tokens: piece.tokens };
      if (piece.text === '>') this.#type = 'text';
      return [shown];
    });
  }
  end(): Piece[] {
    return [];
  }
}

/** The stages of a request with stop strings, over a spelling in the tokenizer's place. */
function pipeline(texts: readonly string[], stops: readonly string[], ...behind: Stage[]): Pipeline {
  const [, ...others] = stagesFor(tokenizer, { ids: [1], stops, reading: null });
  return new Pipeline([new Spelling(texts), ...others, ...behind]);
}

const shown = (pieces: readonly Piece[]) =>
  partsOf(pieces, false).map((part) => [part.type === 'toolCall' ? '' : part.text, part.ids]);

describe('runtime/stages', () => {
  it('a token goes with the first character of its text, also where that is held back', () => {
    const line = pipeline(['ab', 'c', 'dx', 'y'], ['bcdz']);
    assert.deepEqual(shown(line.push([token(0)])), [['a', [0]]]);
    assert.deepEqual(shown(line.push([token(1)])), []);
    assert.deepEqual(shown(line.push([token(2)])), [['bcdx', [1, 2]]]);
    assert.deepEqual(shown(line.push([token(3)])), [['y', [3]]]);
    assert.deepEqual(line.end(), []);
  });

  it('a stop string ends the answer; its tokens count, what follows does not', () => {
    const line = pipeline(['ab', 'cd', 'e'], ['bc']);
    assert.deepEqual(shown(line.push([token(0), token(1), token(2)])), [['a', [0, 1]]]);
    assert.deepEqual(line.ending, { finishReason: 'stop', stopString: 'bc' });
    assert.deepEqual([line.push([token(2)]), line.end()], [[], []]);
  });

  it('what is held back comes at the end', () => {
    const line = pipeline(['a', 'b'], ['abc']);
    assert.deepEqual(shown(line.push([token(0), token(1)])), []);
    assert.deepEqual(shown(line.end()), [['ab', [0, 1]]]);
    assert.equal(line.ending, null);
  });

  it('decodes first: a character that is not whole at the end is U+FFFD, which a stop string may be', () => {
    const half = [...tokenizer.encode('😀', { addBos: false })].slice(0, -1);
    const line = new Pipeline(stagesFor(tokenizer, { ids: [1], stops: ['\ufffd'], reading: null }));
    assert.deepEqual(line.push(half.map(token)).flatMap((piece) => piece.tokens).length, half.length);
    assert.ok(line.ending === null);
    assert.deepEqual(shown(line.end()), []);
    assert.deepEqual(line.ending, { finishReason: 'stop', stopString: '\ufffd' });
    assert.deepEqual(stagesFor(null, { ids: [1], stops: [], reading: null }), []);
  });

  it('a stage behind the stop strings makes parts of another type, and is ended by them', () => {
    const texts = ['<', 'mm', '>', 'so', ' be', ' it', '.'];
    const line = pipeline(texts, ['it.'], new Brackets());
    const parts = partsOf(line.push(texts.map((_, id) => token(id))), false);
    assert.deepEqual(parts, [
      { type: 'reasoning', text: 'mm', ids: [0, 1, 2] },
      { type: 'text', text: 'so be ', ids: [3, 4, 5, 6] },
    ]);
    assert.equal(line.ending?.stopString, 'it.');
  });

  it('text and tokens do not depend on how they were pushed (property)', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 3 });
    fc.assert(
      fc.property(
        fc.array(text, { minLength: 1, maxLength: 12 }),
        fc.array(
          text.filter((one) => one !== ''),
          { maxLength: 3 },
        ),
        fc.infiniteStream(fc.integer({ min: 1, max: 4 })),
        (texts, stops, sizes) => {
          const ids = texts.map((_, id) => id);
          const whole = pipeline(texts, stops);
          const expected = [...whole.push(ids.map(token)), ...whole.end()];
          const cut = pipeline(texts, stops);
          const got: Piece[] = [];
          for (let at = 0; at < ids.length; ) {
            const size = sizes.next().value;
            got.push(...cut.push(ids.slice(at, at + size).map(token)));
            at += size;
          }
          got.push(...cut.end());
          assert.deepEqual(partsOf(got, false), partsOf(expected, false));
          assert.deepEqual(cut.ending, whole.ending);
          const all = got.flatMap(({ tokens }) => tokens.map(({ id }) => id));
          assert.deepEqual(all, ids.slice(0, all.length), 'each token once, in order');
          if (whole.ending === null) assert.equal(all.length, ids.length);
        },
      ),
      { numRuns: 1000, seed: 3 },
    );
  });
});
