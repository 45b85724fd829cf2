/** Whether two tokenizers give the same ids: tokenizer.json and tokenizer.model of one model should. */
import type { Tokenizer } from './tokenizer.ts';

/** Where such files are known to differ: spaces, controls, bytes, what looks like special tokens, long words. */
const oddTexts: readonly string[] = [
  ...['', ' ', '  ', '   ', 'a', ' a', '  a', 'a ', 'a  b', 'a   b', '\u2581', '\u2581a', ' \u2581 a'],
  ...['\n', '\n\n', 'a\nb', '\t', 'a\tb', '\r\n', '\0', '\u00a0a', '\ufeffa', '\ud800a', 'x'.repeat(300)],
  ...['<s>', '</s>', 'a</s>b', '<unk>', '<pad>', '<0x0A>', '<|im_end|>', '<|endoftext|>'],
  ...["don't", 'Hello, world! 123 4567', 'HELLO', '…', '“quoted”', 'ä é ß ñ', 'e\u0301', 'ﬁ ½ Ⅷ'],
  ...Array.from({ length: 30 }, (_, i) => `a${' '.repeat(i + 3)}b`),
  ...['\n\n\na', 'a\n\n\n\n', '\t\ta', 'a\t\t\t', ' \n \n a'],
  ...['日本語', 'Привет', 'مرحبا', '👩‍👩‍👧‍👦', '🏳️‍🌈!'],
];

const MAX_PIECES = 1500;
const RANDOM_TEXTS = 400;

/**
 * Looks for a difference over some thousand samples: odd texts, the pieces of both, random rows of pieces from a
 * fixed seed. It can prove a difference, and make none very likely.
 * @returns the first difference in words, with the text; null where none was found
 */
export function tokenizerDifference(left: Tokenizer, right: Tokenizer): string | null {
  for (const text of sampleTexts(left, right)) {
    const [a, b] = [left.encode(text, { addBos: false }), right.encode(text, { addBos: false })];
    if (String(a) !== String(b)) return `${JSON.stringify(text)} is ${list(a)} and ${list(b)}`;
  }
  for (const special of left.specials.keys()) {
    if (!right.specials.has(special)) continue;
    // What comes behind a special token may be encoded in another way than what begins a text.
    for (const text of ['a', ' a', 'a b\n']) {
      const segments = [{ text }, { special }, { text }];
      const [a, b] = [left.encode(segments), right.encode(segments)];
      if (String(a) !== String(b))
        return `${JSON.stringify(text)} behind ${special} is ${list(a)} and ${list(b)}`;
    }
  }
  for (const key of ['vocabSize', 'bosId'] as const)
    if (left[key] !== right[key]) return `${key} is ${String(left[key])} and ${String(right[key])}`;
  return null;
}

function* sampleTexts(...tokenizers: Tokenizer[]): Generator<string> {
  yield* oddTexts;
  const pieces = new Set<string>();
  for (const tokenizer of tokenizers) {
    const stride = Math.max(1, Math.floor(tokenizer.vocabSize / MAX_PIECES));
    for (let id = 0; id < tokenizer.vocabSize; id += stride)
      pieces.add(tokenizer.idToPiece(id).replaceAll('\u2581', ' '));
  }
  yield* pieces;
  const choice = [...pieces];
  const random = generator(20_240_601);
  for (let i = 0; i < RANDOM_TEXTS; i++) {
    const count = 1 + Math.floor(random() * 12);
    yield Array.from({ length: count }, () => choice[Math.floor(random() * choice.length)]).join('');
  }
}

/** Marsaglia's xorshift32: the samples are the same on every machine. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function list(ids: Int32Array): string {
  return `[${Array.from(ids.subarray(0, 16)).join(', ')}${ids.length > 16 ? ', …' : ''}]`;
}
