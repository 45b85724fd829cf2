/** Trained weights and what comes with them, whatever files they lie in. */
export type { Checkpoint, CheckpointTensor, CheckpointTokenizer, Vocabulary } from './checkpoint.ts';
export type { Dtype } from './dtypes.ts';
export { notFinite } from './finite.ts';
export { openGguf } from './gguf/index.ts';
export { openHuggingFace } from './huggingface.ts';
export { rowsOf } from './ranges.ts';
export { readShardIndex, type ShardIndex } from './shard-index.ts';
export {
  fitsRows,
  readFloats,
  type StoredDtype,
  type StoredTensor,
  stored,
  storedDtypes,
} from './stored.ts';
