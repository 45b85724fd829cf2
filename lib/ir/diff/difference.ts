/** What a comparison finds. */

export const DIFFERENCE_KINDS = [
  'model',
  'signatures',
  'interface',
  'operators',
  'connections',
  'options',
  'types',
  'names',
  'constants',
] as const;

/**
 * `interface`: inputs and outputs that are there on one side only; `operators`: other, or on one side only;
 * `connections`: an operator that reads another tensor; `types`: element type, shape, quantisation and the like.
 */
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  kind: DifferenceKind;
  /** The place in the first model, in the second for what only that has: `subgraphs[0].operators[7].inputs[1]`. */
  path: string;
  /** `ADD against MUL` */
  message: string;
  /** Of constants: the largest |a − b|; absent where their elements are no numbers, or not as many. */
  maxDifference?: number;
}

/** Where differences go; `rank` puts them in the order of the first model's operators. */
export type Found = (rank: number, difference: Difference) => void;
