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
 * `interface`: subgraphs, inputs and outputs that only one side has, or that have another place among the others;
 * `operators`: other ones, or ones that only one side has; `connections`: an operator, or an output of the graph, that
 * reads another tensor; `types`: element type, shape, quantisation and the like.
 */
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  kind: DifferenceKind;
  /** Which of the models has what differs. */
  side: 'both' | 'first' | 'second';
  /** The place in the first model, in the second for what only that has: `subgraphs[0].operators[7].inputs[1]`. */
  path: string;
  /** For what both have: its place in the second model. */
  otherPath?: string;
  /** `ADD against MUL` */
  message: string;
  /** Of constants: the largest |a − b|; absent where their elements are no numbers, or not as many. */
  maxDifference?: number;
}

/** Where differences go; `rank` puts them in the order of the first model's operators. */
export type Found = (rank: number, difference: Difference) => void;
