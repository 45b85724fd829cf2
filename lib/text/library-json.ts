/**
 * tokenizer.json as @huggingface/tokenizers is given it: without what would find special tokens in a user's text,
 * and with the steps in which that library differs from the original replaced by ones in which it does not.
 */
import { gpt2Pattern } from './byte-level.ts';
import { hasType, isObject, type Plain, stepsOf } from './plain.ts';

/** Both ways of encoding that one file asks for, and what they have in common. */
export interface LibraryJson {
  /** The whole file, for texts that begin. */
  file: Plain;
  /** Replace those of the file where a text goes on, so that no space comes in front. */
  continuing: { normalizer: unknown; pre_tokenizer: unknown };
  /** Which texts begin: each between special tokens, or only the first. */
  opens: 'each' | 'first';
}

/** @param leftOut for the ids of added tokens that no text becomes */
export function libraryJson(json: Plain, leftOut: (id: number) => boolean): LibraryJson {
  const added = (json.added_tokens ?? []) as { id: number }[];
  const steps = stepsOf(json.pre_tokenizer, 'pretokenizers');
  const normalizers = stepsOf(json.normalizer, 'normalizers');
  const opening = steps.flatMap((step) => rewrite(step, true));
  return {
    file: {
      ...json,
      normalizer: sequence('normalizers', normalizers),
      pre_tokenizer: sequence('pretokenizers', opening),
      // Added tokens that are not special (a run of newlines, say) are part of the vocabulary and stay.
      added_tokens: added.filter(({ id }) => !leftOut(id)),
      decoder: null,
      post_processor: null,
    },
    continuing: {
      normalizer: sequence(
        'normalizers',
        normalizers.filter((step) => !hasType(step, 'Prepend')),
      ),
      pre_tokenizer: sequence(
        'pretokenizers',
        steps.flatMap((step) => rewrite(step, false)),
      ),
    },
    opens: normalizers.some((step) => hasType(step, 'Prepend')) || steps.some(opensAlways) ? 'each' : 'first',
  };
}

/** The patterns of pre-tokenizers that only isolate matches, before bytes are spelt; null where there are others. */
export function isolatedPatterns(json: Plain): string[] | null {
  const patterns: string[] = [];
  for (const step of stepsOf(json.pre_tokenizer, 'pretokenizers').flatMap((one) => rewrite(one, false))) {
    if (!isObject(step)) return null;
    const { type, pattern } = step;
    if (type === 'ByteLevel') continue;
    const isolates = type === 'Split' && step.behavior === 'Isolated' && step.invert !== true;
    if (!isolates || !isObject(pattern) || typeof pattern.Regex !== 'string') return null;
    patterns.push(pattern.Regex);
  }
  return patterns;
}

function sequence(listName: string, steps: readonly unknown[]): unknown {
  return steps.length === 0 ? null : { type: 'Sequence', [listName]: steps };
}

function rewrite(step: unknown, opens: boolean): unknown[] {
  if (!isObject(step)) return [step];
  if (step.type === 'Digits') return [split(step.individual_digits === true ? '\\p{N}' : '\\p{N}+')];
  if (step.type === 'ByteLevel') {
    const bytes = { ...step, use_regex: false, add_prefix_space: false };
    return [
      ...(step.add_prefix_space === true && opens ? [spaceInFront] : []),
      ...(step.use_regex === false ? [] : [split(gpt2Pattern)]),
      bytes,
    ];
  }
  const scheme = metaspaceScheme(step);
  return scheme === null ? [step] : [{ ...step, prepend_scheme: opens ? scheme : 'never' }];
}

/**
 * The library's own Digits takes `\d` for numbers, which leaves out ½ and ٣, and its own ByteLevel has JavaScript's
 * `\s`, for which U+FEFF is a space. It reads a Split's pattern with the original's meaning.
 */
function split(regex: string): Plain {
  return { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false };
}

/** `\A` alone would match inside a surrogate pair too (V8 finds nothing before its second half). */
const spaceInFront: Plain = { type: 'Replace', pattern: { Regex: '\\A(?=[^ \\p{Cs}])' }, content: ' ' };

/** Older files say only whether there is a space in front. */
function metaspaceScheme(step: unknown): string | null {
  if (!isObject(step) || step.type !== 'Metaspace') return null;
  if (typeof step.prepend_scheme === 'string') return step.prepend_scheme;
  return step.add_prefix_space === false ? 'never' : 'always';
}

/** Whether a pre-tokenizer puts a space in front of every text between special tokens. */
export function opensAlways(step: unknown): boolean {
  return isObject(step) && step.type === 'ByteLevel'
    ? step.add_prefix_space === true
    : metaspaceScheme(step) === 'always';
}
