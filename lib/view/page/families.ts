/** What kind of work an operator does; this decides the colour of its mark. */

const FAMILIES: readonly [family: string, names: readonly string[]][] = [
  ['product', ['FULLY_CONNECTED', 'BATCH_MATMUL', 'CONV_2D', 'DEPTHWISE_CONV_2D', 'BCQ_FULLY_CONNECTED']],
  ['attention', ['ATTENTION', 'SOFTMAX', 'ROPE']],
  ['lookup', ['GATHER', 'GATHER_ND', 'EMBEDDING_LOOKUP', 'BCQ_GATHER', 'ONE_HOT']],
  ['norm', ['RMS_NORM', 'INSTANCE_NORM', 'L2_NORMALIZATION', 'MEAN', 'RSQRT', 'SUM', 'SQUARE', 'SQRT']],
  [
    'form',
    [
      'RESHAPE',
      'TRANSPOSE',
      'STRIDED_SLICE',
      'SLICE',
      'CONCATENATION',
      'SPLIT',
      'PACK',
      'UNPACK',
      'EXPAND_DIMS',
      'SQUEEZE',
      'BROADCAST_TO',
      'CAST',
    ],
  ],
];
const byName = new Map(FAMILIES.flatMap(([family, names]) => names.map((name) => [name, family] as const)));

export function familyOf(operator: string): string {
  return byName.get(operator) ?? 'arithmetic';
}
