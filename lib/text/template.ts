/** What a tokenizer.json puts around a text. */
import type { Fail } from './added-tokens.ts';
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
          idOf(piece) ?? fail(`expected a known token in the post_processor, got ${JSON.stringify(piece)}`),
        );
      } else target = suffixIds;
  }
  return { prefixIds, suffixIds };
}
