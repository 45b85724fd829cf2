/** What is encoded, checked: sections of text between ids of special tokens. */
import { GgmaError } from '../errors.ts';
import { show } from '../options/index.ts';
import { MAX_TEXT_LENGTH, type Segment } from './tokenizer.ts';

/** A special token: its id, and whether it swallows the white space beside it ("<|user|>\nHi" is the same as "<|user|>Hi"). */
export interface Special {
  readonly id: number;
  readonly stripsLeft: boolean;
  readonly stripsRight: boolean;
}

/** Well-formed, non-empty text, or one id. Two texts never follow each other. */
export type Section = { readonly text: string } | { readonly id: number };

/** White space as the reference implementation means it: JavaScript's `\s` has U+FEFF in its place of U+0085. */
const leadingSpace = /^\p{White_Space}+/u;
const trailingSpace = /\p{White_Space}+$/u;

/**
 * Neighbouring texts become one, because a template's text and a user's text around the same border would
 * otherwise give other ids than the whole.
 * @throws GgmaError INPUT
 */
export function sectionsOf(
  input: string | readonly Segment[],
  specials: ReadonlyMap<string, Special>,
): Section[] {
  const sections: Section[] = [];
  let text = '';
  let length = 0;
  let left: Special | null = null;
  const endText = (right: Special | null): void => {
    // A lone surrogate is no character: the encoders would write wrong bytes for it.
    let section = text.toWellFormed();
    if (left?.stripsRight) section = section.replace(leadingSpace, '');
    if (right?.stripsLeft) section = section.replace(trailingSpace, '');
    if (section !== '') sections.push({ text: section });
    text = '';
  };
  for (const segment of segmentsOf(input)) {
    if ('text' in segment) {
      length += segment.text.length;
      if (length > MAX_TEXT_LENGTH)
        throw new GgmaError(
          'INPUT',
          `expected a text of at most ${MAX_TEXT_LENGTH} characters, got ${length}`,
        );
      text += segment.text;
    } else {
      const special = specials.get(segment.special) ?? refuseSpecial(segment.special, specials);
      endText(special);
      sections.push({ id: special.id });
      left = special;
    }
  }
  endText(null);
  return sections;
}

/** @throws GgmaError INPUT */
export function segmentsOf(input: unknown): readonly Segment[] {
  if (typeof input === 'string') return [{ text: input }];
  if (!Array.isArray(input))
    throw new GgmaError('INPUT', `expected a string or segments to encode, got ${kindOf(input)}`);
  return input.map((segment: unknown, i) => {
    if (isSegment(segment)) return segment;
    throw new GgmaError(
      'INPUT',
      `expected { text } or { special } with a string for segment ${i}, got ${show(segment)}`,
    );
  });
}

function isSegment(value: unknown): value is Segment {
  if (typeof value !== 'object' || value === null) return false;
  const [name, ...others] = Object.keys(value);
  if (others.length > 0 || (name !== 'text' && name !== 'special')) return false;
  return typeof (value as Readonly<Record<string, unknown>>)[name] === 'string';
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

function refuseSpecial(name: string, specials: ReadonlyMap<string, Special>): never {
  const known = [...specials.keys()];
  const shown = known.slice(0, 12).join(', ') + (known.length > 12 ? ', …' : '');
  throw new GgmaError(
    'INPUT',
    `expected a special token of this tokenizer (${shown || 'it has none'}), got ${show(name)}`,
  );
}
