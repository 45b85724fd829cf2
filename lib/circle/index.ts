/** Circle files: bytes ⇄ Model. */
export { type FloatEncoding, type FloatEncodingName, floatEncodings } from './blocks.ts';
export { dumpModel } from './dump.ts';
export { type Elements, elementsOf } from './elements.ts';
export * from './enums.ts';
export { withFileName } from './fault.ts';
export { float16Value, widenBfloat16, widenFloat16 } from './half.ts';
export { MadeUnits, type MakeUnits, withScratch } from './made.ts';
export { enumName } from './names.ts';
export { type OpenModel, openModel } from './open.ts';
export { builtinCodeOf, hasEffects, operatorCode, operatorName } from './operator-code.ts';
export { plainOperator, plainTensor } from './plain.ts';
export { printModel } from './print/index.ts';
export { readModel, readStore } from './read.ts';
export type * from './schema/generated/types.ts';
export {
  type ByteSource,
  copyBytes,
  FileRange,
  type MadeRange,
  readBytes,
  readFully,
  readingFile,
  SegmentRange,
  sameBytes,
} from './source.ts';
export { FileStore, MemoryStore, SegmentStore, type Store } from './store.ts';
export { type Block, blockOf, elementSize, tensorByteLength, tensorTypeName } from './tensor-type.ts';
export type { OptionsOf } from './types.ts';
export {
  FINDINGS,
  type Finding,
  type FindingCode,
  hasData,
  requireSound,
  requireValid,
  subgraphFieldsIn,
  type Verification,
  verifyModel,
} from './verify/index.ts';
export { chunksOf, type FileLayout, layOut, type WriteOptions, writeModel } from './write.ts';
