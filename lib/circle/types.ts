/** Types over the generated ones. */

import type { BuiltinOptions } from './schema/generated/enums.ts';
import type { BuiltinOptionsTables } from './schema/generated/types.ts';

/** The options table that a code of the first union stands for. */
export type OptionsOf<K extends BuiltinOptions> = BuiltinOptionsTables[K];
