/** What a group of operators means: attention, norms, GELU, rows. */

export {
  type Attention,
  type AttentionBlock,
  type AttentionMatch,
  findAttention,
  findPrefillAttention,
} from './attention.ts';
export type { Projection } from './attention-projection.ts';
export { matchGelu } from './gelu.ts';
export { matchRmsNorm } from './norm.ts';
export {
  attempt,
  dataInput,
  eitherOrder,
  isPlain,
  keepsOrder,
  Mismatch,
  normalAxis,
  optionsOf,
  producedBy,
  scaledBy,
  swapsLastTwo,
  through,
} from './pattern.ts';
export { oneRow, type Rows, rowsOf } from './rows.ts';
