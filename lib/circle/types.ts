/** Types over the generated ones. */
import type { BuiltinOptionsTables } from './schema/generated/types.ts';
import type { BuiltinOptions } from './schema/generated/unions.ts';

/** The options table that a code of the first union stands for. */
export type OptionsOf<K extends BuiltinOptions> = BuiltinOptionsTables[K];
