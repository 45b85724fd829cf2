import assert from 'node:assert/strict';
import { type Fail, MAX_IDS } from '../../../lib/text/added-tokens.ts';
import { readTemplate } from '../../../lib/text/template.ts';

const fail: Fail = (message) => {
  throw new Error(message);
};
const idOf = (piece: string): number | null => ({ '<s>': 1, '</s>': 2 })[piece] ?? null;
const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
const text = { Sequence: { id: 'A', type_id: 0 } };
const template = (...single: object[]) => ({ type: 'TemplateProcessing', single });

describe('text/template', () => {
  it('reads what stands before and behind the text, in a sequence of post-processors too', () => {
    const read = (processor: unknown) => readTemplate(processor, idOf, fail);
    const around = { prefixIds: [1], suffixIds: [2] };
    assert.deepEqual(read(template(special('<s>'), text, special('</s>'))), around);
    const processors = [{ type: 'ByteLevel' }, template(special('<s>'), text, special('</s>'))];
    assert.deepEqual(read({ type: 'Sequence', processors }), around);
    assert.deepEqual(read(template(text)), { prefixIds: [], suffixIds: [] });
    assert.deepEqual(read({ type: 'ByteLevel' }), { prefixIds: [], suffixIds: [] });
    assert.deepEqual(read(null), { prefixIds: [], suffixIds: [] });
    assert.throws(() => read(template(special('<x>'), text)), /known token .*"<x>"/);
  });

  it("takes the template's own ids where the vocabulary has not been read", () => {
    const read = (ids: unknown) =>
      readTemplate(
        { ...template(special('<x>'), text), special_tokens: { '<x>': { ids } } },
        () => null,
        fail,
      );
    assert.deepEqual(read([7]).prefixIds, [7]);
    for (const bad of [[], [7, 8], ['7'], [-1], [MAX_IDS], 7, null])
      assert.throws(() => read(bad), /known token/);
  });
});
