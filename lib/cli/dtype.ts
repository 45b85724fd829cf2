/** --dtype, which two commands have. The names are not imported: --help must not wait for what reads and writes models. */
import type { StoredDtype } from '../checkpoint/index.ts';
import { type Invocation, type OptionSpec, UsageError } from './common/index.ts';

const names = Object.keys({
  auto: true,
  f32: true,
  f16: true,
  bf16: true,
  q8_0: true,
  q4_0: true,
} satisfies Record<StoredDtype, true>) as StoredDtype[];

export const dtypeOption: OptionSpec = {
  type: 'string',
  value: names.join('|'),
  help: 'how matrices of weights are stored; auto: as the model has them (default: f32)',
};

/** @throws UsageError */
export function dtypeOf(invocation: Invocation): StoredDtype | undefined {
  const word = invocation.text('dtype');
  const found = names.find((name) => name === word);
  if (word !== undefined && found === undefined)
    throw new UsageError(`expected ${names.join(', ')} for --dtype, got ${word}`);
  return found;
}
