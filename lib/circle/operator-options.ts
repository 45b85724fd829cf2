/** Which options table belongs to which operator: the schema names both but ties them together nowhere. */
import { BuiltinOperator, BuiltinOptions, BuiltinOptions2 } from './schema/generated/enums.ts';

/** A member of one of the two option unions. */
export interface OptionsTable {
  union: 'BuiltinOptions' | 'BuiltinOptions2';
  code: number;
  name: string;
}

/** Operators whose table is not called after them. */
const SHARED: Readonly<Record<string, string>> = {
  AVERAGE_POOL_2D: 'Pool2DOptions',
  MAX_POOL_2D: 'Pool2DOptions',
  L2_POOL_2D: 'Pool2DOptions',
  CONV_3D_TRANSPOSE: 'Conv3DOptions',
  L2_NORMALIZATION: 'L2NormOptions',
  MAXIMUM: 'MaximumMinimumOptions',
  MINIMUM: 'MaximumMinimumOptions',
  MEAN: 'ReducerOptions',
  SUM: 'ReducerOptions',
  REDUCE_PROD: 'ReducerOptions',
  REDUCE_MAX: 'ReducerOptions',
  REDUCE_MIN: 'ReducerOptions',
  REDUCE_ANY: 'ReducerOptions',
  REDUCE_ALL: 'ReducerOptions',
  MULTINOMIAL: 'RandomOptions',
  RANDOM_STANDARD_NORMAL: 'RandomOptions',
  RANDOM_UNIFORM: 'RandomOptions',
  UNIDIRECTIONAL_SEQUENCE_RNN: 'SequenceRNNOptions',
};

let tables: Map<string, OptionsTable> | undefined;

/** By plain name, made on first use. */
function tableCalled(name: string): OptionsTable | undefined {
  if (!tables) {
    tables = new Map();
    for (const [union, members] of [
      ['BuiltinOptions', BuiltinOptions],
      ['BuiltinOptions2', BuiltinOptions2],
    ] as const)
      for (const [member, code] of Object.entries(members))
        if (typeof code === 'number' && member !== 'NONE')
          tables.set(plain(member), { union, code, name: member });
  }
  return tables.get(plain(name));
}

/** Options table of an operator; undefined for operators without one, unknown operators included. */
export function optionsTableOf(code: BuiltinOperator): OptionsTable | undefined {
  const operator = BuiltinOperator[code];
  return operator === undefined ? undefined : tableCalled(SHARED[operator] ?? `${operator}Options`);
}

/** The union member of that name (`AddOptions`). */
export function optionsTableNamed(name: string): OptionsTable | undefined {
  const found = tableCalled(name);
  return found?.name === name ? found : undefined;
}

/** BATCH_MATMUL and BatchMatMul are spelled differently, not named differently. */
function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}
