/**
 * Where a text may be cut so that its parts, encoded one by one, give the ids of the whole. A rule says yes only
 * where that is certain from the tokenizer's vocabulary or from its pre-tokenizer's pattern.
 */
import { gpt2Pattern } from './byte-level.ts';
import { Turns } from './turns.ts';

/** Whether `text` may be cut before its unit `at` (0 < at < text.length). */
export type MayCut = (text: string, at: number) => boolean;

/** Looking at a large vocabulary takes a while, so it is done when it is needed, in turns of its own. */
export type CutRule = () => Promise<MayCut>;

const UNICODE = 0x110000;
/** Pieces between two looks at the clock. */
const PIECES_A_LOOK = 1024;

/**
 * For BPE over whole texts with ▁ for spaces. Merging never makes anything but pieces, so no merge crosses a border
 * between two characters that do not stand side by side in any piece; and the merges on its two sides do not wait
 * for each other. (This needs byte fallback: runs of unknown characters become one unknown token otherwise.)
 */
export function pairCuts(pieces: () => Iterable<string>): CutRule {
  let pairs: Promise<ReadonlySet<number>> | null = null;
  return async () => {
    pairs ??= pairsOf(pieces());
    const known = await pairs;
    return (text, at) => {
      const right = text.codePointAt(at)!;
      if (isLowSurrogate(right)) return false;
      const unit = text.charCodeAt(at - 1);
      const left = isLowSurrogate(unit) ? text.codePointAt(at - 2)! : unit;
      return !known.has(spaced(left) * UNICODE + spaced(right));
    };
  };
}

async function pairsOf(pieces: Iterable<string>): Promise<ReadonlySet<number>> {
  // Every caller waits for the same set, so no caller's signal ends the work.
  const turns = new Turns();
  const pairs = new Set<number>();
  let count = 0;
  for (const piece of pieces) {
    let left = -1;
    for (const character of piece) {
      const right = spaced(character.codePointAt(0)!);
      if (left >= 0) pairs.add(left * UNICODE + right);
      left = right;
    }
    if (++count % PIECES_A_LOOK === 0) await turns.take();
  }
  return pairs;
}

/** A space and the character that stands for it in pieces are one. */
function spaced(point: number): number {
  return point === 0x20 ? 0x2581 : point;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/**
 * Patterns, as files spell them, that always end a match between a letter and a space that another letter follows, and
 * between a letter and one of {@link closing}: none of their alternatives matches both sides of such a border, and none
 * that ends there looks ahead. A pattern that is not in this list gives no cuts.
 */
export const splittingPatterns: ReadonlySet<string> = new Set([
  gpt2Pattern,
  // Llama 3, and Qwen 2 and 3, which take digits one by one.
  ...['\\p{N}{1,3}', '\\p{N}'].map(
    (digits) =>
      `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ),
  // The same, with the cases of letters written out.
  ...['\\p{N}{1,3}', '\\p{N}'].map(
    (digits) =>
      `(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
  ),
  // o200k
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
]);

/** Patterns that only take digits out: they may stand beside one of the others. */
const digitPatterns: ReadonlySet<string> = new Set(['\\p{N}', '\\p{N}+', '\\p{N}{1,3}']);

/** Punctuation that no pattern takes into the word before it (an apostrophe may be), and no normal form joins to it. */
const closing = /[,.;:!?)\]}"…，。、；：！？）」』”·]/;
const letter = /\p{L}/u;

/**
 * @param patterns of all pre-tokenizers in a row, each isolating its matches
 * @param added texts that are found before anything is split
 */
export function patternCuts(patterns: readonly string[], added: readonly string[]): CutRule | null {
  const splits = patterns.some((pattern) => splittingPatterns.has(pattern));
  const known = patterns.every((pattern) => splittingPatterns.has(pattern) || digitPatterns.has(pattern));
  const cutsAdded = added.some((text) =>
    Array.from({ length: text.length - 1 }, (_, i) => i + 1).some((at) => isSplit(text, at)),
  );
  return splits && known && !cutsAdded ? async () => isSplit : null;
}

/** Letters beyond the first plane are halves here, which are no letters: such places are left out. */
function isSplit(text: string, at: number): boolean {
  if (!letter.test(text[at - 1]!)) return false;
  const right = text[at]!;
  return right === ' ' ? at + 1 < text.length && letter.test(text[at + 1]!) : closing.test(right);
}
