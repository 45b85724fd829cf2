/**
 * Texts that have told a library from the original, over small tokenizers of the project's own making. The ids were made
 * by scripts/golden/small.py with Hugging Face's `tokenizers`; scripts/golden/tokenizers.ts finds more such texts.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { spelledBytes } from '../../../lib/text/byte-level.ts';
import { createTokenizer } from '../../../lib/text/index.ts';

interface Spec {
  alphabet: 'bytes' | 'spaced';
  normalizer?: object;
  pre_tokenizer?: object;
  ignore_merges?: boolean;
  added?: { content: string; special: boolean }[];
  /** One text's ids, separated by spaces. */
  ids: string[];
}

interface Golden {
  texts: string[];
  characters: string;
  merges: Record<Spec['alphabet'], string[]>;
  tokenizers: Record<string, Spec>;
}

const golden = JSON.parse(
  readFileSync(new URL('../../golden/tokenizers.json', import.meta.url), 'utf8'),
) as Golden;

/** The same file as small.py's `expand` makes, with a decoder. */
function expand(spec: Spec): object {
  const isSpaced = spec.alphabet === 'spaced';
  const merges = golden.merges[spec.alphabet];
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const spaced = [
    '<unk>',
    ...bytes.map((byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
    ...golden.characters,
  ];
  const pieces = [...(isSpaced ? spaced : spelledBytes), ...merges.map((merge) => merge.replace(' ', ''))];
  const spaces = [
    { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
    { type: 'ByteFallback' },
    { type: 'Fuse' },
  ];
  return {
    added_tokens: (spec.added ?? []).map((token, i) => ({
      id: pieces.length + i,
      normalized: false,
      ...token,
    })),
    normalizer: spec.normalizer ?? null,
    pre_tokenizer: spec.pre_tokenizer ?? null,
    post_processor: null,
    decoder: isSpaced ? { type: 'Sequence', decoders: spaces } : { type: 'ByteLevel' },
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
      byte_fallback: isSpaced,
      unk_token: isSpaced ? '<unk>' : null,
      ignore_merges: spec.ignore_merges ?? false,
    },
  };
}

describe('text/golden', () => {
  for (const [name, spec] of Object.entries(golden.tokenizers))
    it(`${name} gives the original's ids`, async () => {
      const tokenizer = await createTokenizer({ json: { value: expand(spec), where: name } });
      for (const [i, text] of golden.texts.entries()) {
        const ids = tokenizer.encode(text);
        assert.equal([...ids].join(' '), spec.ids[i], JSON.stringify(text));
        assert.deepEqual(await tokenizer.encodeAsync(text.repeat(40)), tokenizer.encode(text.repeat(40)));
      }
    });
});
