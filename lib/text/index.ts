export { ChatTemplate, type TemplateInput, type TemplateSpecials } from './chat-template/index.ts';
export { tokenizerDifference } from './compare.ts';
export {
  createTokenizer,
  loadSentencePiece,
  loadTokenizerJson,
  readSentencePieceFile,
  readTokenizerJsonFile,
  readTokenizerJsonHead,
  type TokenizerSource,
} from './create.ts';
export type { EncodeAsyncOptions, EncodeOptions, StreamDecoderOptions } from './options.ts';
export {
  afterAnchor,
  builtinFormat,
  builtinResponseTemplate,
  type ResponseEvent,
  type ResponseField,
  ResponseParser,
  type ResponseTemplate,
  readResponseTemplate,
  stripStart,
  trailingSpace,
} from './response/index.ts';
export { readSentencePieceModel } from './sentencepiece-model.ts';
export { noSettings, readTokenizerSettings, type TokenizerSettings } from './settings.ts';
export {
  checkTokenId,
  MAX_TEXT_LENGTH,
  type Segment,
  type StreamDecoder,
  type TokenIds,
  type Tokenizer,
} from './tokenizer.ts';
