/** Values of a parsed file that nobody has looked at yet. */

export type Plain = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Lists inside lists that a "Sequence" of normalizers, pre-tokenizers, … makes; [] for null. */
export function stepsOf(step: unknown, listName: string): unknown[] {
  if (step === null || step === undefined) return [];
  if (isObject(step) && step.type === 'Sequence' && Array.isArray(step[listName]))
    return step[listName].flatMap((one: unknown) => stepsOf(one, listName));
  return [step];
}

export function hasType(step: unknown, type: string): boolean {
  return isObject(step) && step.type === type;
}
