export { tokenizerDifference } from './compare.ts';
export { loadJsonEncoder, loadTokenizerJson } from './huggingface.ts';
export { loadSentencePiece } from './sentencepiece.ts';
export { readSentencePieceModel } from './sentencepiece-model.ts';
export {
  checkTokenId,
  type EncodeOptions,
  longestText,
  type StreamDecoder,
  type TokenIds,
  type Tokenizer,
} from './tokenizer.ts';
