export { ChatTemplate, type TemplateInput, type TemplateSpecials } from './chat-template/index.ts';
export { tokenizerDifference } from './compare.ts';
export { loadJsonEncoder, loadTokenizerJson } from './huggingface.ts';
export {
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
export type { Segment } from './segment.ts';
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
