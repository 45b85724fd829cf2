export { tokenizerDifference } from './compare.ts';
export {
  createTokenizer,
  loadSentencePiece,
  loadTokenizerJson,
  readSentencePieceFile,
  readTokenizerJsonFile,
  type TokenizerSource,
} from './create.ts';
export { readSentencePieceModel } from './sentencepiece-model.ts';
export { noSettings, readTokenizerSettings, type TokenizerSettings } from './settings.ts';
export {
  checkTokenId,
  type EncodeAsyncOptions,
  type EncodeOptions,
  MAX_TEXT_LENGTH,
  type Segment,
  type StreamDecoder,
  type StreamDecoderOptions,
  type TokenIds,
  type Tokenizer,
} from './tokenizer.ts';
