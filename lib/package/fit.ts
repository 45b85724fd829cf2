/**
 * Whether the parts of a package belong together. The graph is what runs; a config.json or a tokenizer of another
 * model would still give text, only wrong text, so each number that two parts state is compared.
 */
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import type { Plan } from '../plan/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { PackageContents } from './contents.ts';

/** @throws GgmaError CONFIG (vocabulary), SIGNATURE (layers, cache shapes), TOKENIZER */
export function checkFit(
  { dir, config }: Pick<PackageContents, 'dir' | 'config'>,
  { vocabSize, caches }: Pick<Plan, 'vocabSize' | 'caches'>,
  tokenizer: Tokenizer | null,
): void {
  const fail = (code: ErrorCode, expected: string, got: string | number): never => {
    throw new GgmaError(code, `expected ${expected}, got ${got}`, { path: dir });
  };
  if (config.vocabSize !== vocabSize)
    fail('CONFIG', `${vocabSize} for vocab_size, the width of the model's logits`, config.vocabSize);
  if (caches.length !== config.layers)
    fail(
      'SIGNATURE',
      `${config.layers} layers in the model, as num_hidden_layers says`,
      `${caches.length} with a cache`,
    );
  const other = caches.findIndex(
    ({ kvHeads, headDim }) => kvHeads !== config.kvHeads || headDim !== config.headDim,
  );
  if (other >= 0)
    fail(
      'SIGNATURE',
      `caches of ${config.kvHeads} heads of ${config.headDim} in the model, as num_key_value_heads and head_dim say`,
      `${caches[other]!.kvHeads} of ${caches[other]!.headDim} in layer ${other}`,
    );
  // Fewer is common: the rows of the embedding are padded to a round number.
  if (tokenizer !== null && tokenizer.vocabSize > vocabSize)
    fail('TOKENIZER', `at most ${vocabSize} pieces, the width of the model's logits`, tokenizer.vocabSize);
}
