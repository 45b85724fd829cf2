/** Types over the generated ones. */
import type { BuiltinOptions2Tables, BuiltinOptionsTables } from './schema/generated/types.ts';
import type { BuiltinOptions, BuiltinOptions2 } from './schema/generated/unions.ts';

/** The options table that a code of the first union stands for. */
export type OptionsOf<K extends BuiltinOptions> = BuiltinOptionsTables[K];

/** The options table that a code of the second union stands for. */
export type Options2Of<K extends BuiltinOptions2> = BuiltinOptions2Tables[K];
