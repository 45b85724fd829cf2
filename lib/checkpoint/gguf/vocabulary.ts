/** The tokenizer within a GGUF file, and its chat templates. */
import type { Vocabulary } from '../checkpoint.ts';
import type { GgufValue, Metadata } from './metadata.ts';

/** @throws GgmaError GGUF_METADATA for values of other types, lists of other lengths, ids outside of the vocabulary */
export function vocabularyOf(metadata: Metadata): Vocabulary {
  const key = (name: string) => `tokenizer.ggml.${name}`;
  const pieces = metadata.strings(key('tokens')) ?? metadata.fail(key('tokens'), 'a list of texts');
  const merges = metadata.strings(key('merges'));
  const typed = <T extends GgufValue>(
    name: string,
    type: new (count: number) => T,
    what: string,
  ): T | null => {
    const value = metadata.get(key(name));
    if (value === undefined) return null;
    if (value instanceof type && (value as { length?: number }).length === pieces.length) return value;
    return metadata.fail(key(name), `a list of ${pieces.length} ${what}`);
  };
  const id = (name: string): number | null => {
    const number = metadata.integer(key(name));
    if (number !== null && number >= pieces.length)
      metadata.fail(key(name), `an id below ${pieces.length}, the size of the vocabulary`);
    return number;
  };
  // End of text, of a turn, of a message: each ends an answer.
  const ends = ['eos_token_id', 'eot_token_id', 'eom_token_id'].map(id);
  return {
    kind: 'vocabulary',
    model: metadata.text(key('model')) ?? metadata.fail(key('model'), 'a text'),
    pre: metadata.text(key('pre')),
    get pieces() {
      return pieces.all;
    },
    scores: typed('scores', Float32Array, 'numbers'),
    kinds: typed('token_type', Int32Array, 'whole numbers'),
    get merges() {
      return merges?.all ?? null;
    },
    bosId: id('bos_token_id'),
    eosIds: [...new Set(ends.filter((end) => end !== null))],
    unknownId: id('unknown_token_id'),
    paddingId: id('padding_token_id'),
    addsBos: metadata.flag(key('add_bos_token')),
    addsEos: metadata.flag(key('add_eos_token')),
    addsSpacePrefix: metadata.flag(key('add_space_prefix')),
  };
}

/** The usual template, and those with a name of their own. @throws GgmaError GGUF_METADATA */
export function templatesOf(metadata: Metadata): Map<string, string> {
  const templates = new Map<string, string>();
  const usual = metadata.text('tokenizer.chat_template');
  if (usual !== null) templates.set('default', usual);
  for (const name of metadata.strings('tokenizer.chat_templates')?.all ?? []) {
    const key = `tokenizer.chat_template.${name}`;
    templates.set(name, metadata.text(key) ?? metadata.fail(key, 'a text'));
  }
  return templates;
}
