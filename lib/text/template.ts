/** What a tokenizer.json puts around a text. */
import { type Fail, MAX_IDS } from './added-tokens.ts';
import { isObject, stepsOf } from './plain.ts';

/**
 * The ids before and behind the text in TemplateProcessing; other post-processors add none.
 * @param idOf of a token's text
 */
export function readTemplate(
  processor: unknown,
  idOf: (piece: string) => number | null,
  fail: Fail,
): { prefixIds: number[]; suffixIds: number[] } {
  const prefixIds: number[] = [];
  const suffixIds: number[] = [];
  for (const step of stepsOf(processor, 'processors')) {
    if (!isObject(step) || step.type !== 'TemplateProcessing' || !Array.isArray(step.single)) continue;
    let target = prefixIds;
    for (const part of step.single as unknown[])
      if (isObject(part) && isObject(part.SpecialToken)) {
        const piece = String(part.SpecialToken.id);
        target.push(
          idOf(piece) ??
            declaredId(step.special_tokens, piece) ??
            fail(`expected a known token in the post_processor, got ${JSON.stringify(piece)}`),
        );
      } else target = suffixIds;
  }
  return { prefixIds, suffixIds };
}

/** The template's own list of ids, for one who has not read the vocabulary. */
function declaredId(list: unknown, piece: string): number | null {
  const entry = isObject(list) ? list[piece] : undefined;
  const ids: unknown = isObject(entry) ? entry.ids : undefined;
  const id: unknown = Array.isArray(ids) && ids.length === 1 ? ids[0] : undefined;
  return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < MAX_IDS ? id : null;
}
