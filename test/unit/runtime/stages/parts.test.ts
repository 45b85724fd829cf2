import assert from 'node:assert/strict';
import { appendParts, type Part, type Piece, partsOf, textOf } from '../../../../lib/runtime/stages/index.ts';

const token = (id: number) => ({ id, logprob: { id, logprob: -id, top: [] } });
const call = (index: number, text: string, ...ids: number[]): Piece => ({
  ...{ type: 'toolCall', index, callId: `call-${index}`, name: 'add', arguments: text },
  tokens: ids.map(token),
});

describe('runtime/stages/parts', () => {
  it('joins what is of one kind, keeps calls apart, and leaves out what is empty', () => {
    const pieces: Piece[] = [
      { type: 'text', text: '', tokens: [] },
      { type: 'reasoning', text: 'h', tokens: [token(1)] },
      { type: 'reasoning', text: 'm', tokens: [] },
      { type: 'text', text: '', tokens: [token(2)] },
      { type: 'text', text: 'So', tokens: [token(3), token(4)] },
      call(0, ''),
      call(0, '{"a":1', 5, 6),
      call(0, '}', 7),
      call(1, '{}', 8),
    ];
    const tool = { type: 'toolCall', name: 'add' };
    const expected = [
      { type: 'reasoning', text: 'hm', ids: [1] },
      { type: 'text', text: 'So', ids: [2, 3, 4] },
      { ...tool, index: 0, callId: 'call-0', arguments: '{"a":1}', ids: [5, 6, 7] },
      { ...tool, index: 1, callId: 'call-1', arguments: '{}', ids: [8] },
    ];
    assert.deepEqual(partsOf(pieces, false), expected);
    assert.equal(textOf(partsOf(pieces, false)), 'So', 'reasoning and calls are not the text');
    const withLogprobs = partsOf(pieces, true);
    for (const part of withLogprobs)
      assert.deepEqual(
        part.logprobs?.map(({ id }) => id),
        part.ids,
      );

    // Chunk by chunk the same comes together, and the chunks stay as they were.
    const chunks = pieces.map((piece) => partsOf([piece], true));
    const before = structuredClone(chunks);
    const all: Part[] = [];
    for (const chunk of chunks) appendParts(all, chunk);
    assert.deepEqual(all, withLogprobs);
    assert.deepEqual(chunks, before);
  });
});
