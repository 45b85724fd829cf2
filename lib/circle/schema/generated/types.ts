// Made by scripts/schema.ts from ../circle.fbs; do not edit.

import type { ByteSource } from '../../source.ts';
import type {
  ActivationFunctionType,
  BuiltinOperator,
  BuiltinOptions,
  BuiltinOptions2,
  CombinerType,
  CompressionType,
  CustomOptionsFormat,
  DataFormat,
  DimensionType,
  FullyConnectedOptionsWeightsFormat,
  LSHProjectionType,
  LSTMKernelType,
  MirrorPadMode,
  Padding,
  QuantizationDetails,
  ReduceWindowFunction,
  RngAlgorithm,
  RoPEMode,
  SparseIndexVector,
  StablehloComparisonDirection,
  StablehloComparisonType,
  StablehloPrecisionConfig,
  TensorType,
} from './enums.ts';

export type ATan2Options = Record<string, never>;

export type AbsOptions = Record<string, never>;

export type AddNOptions = Record<string, never>;

export interface AddOptions {
  fusedActivationFunction: ActivationFunctionType;
  potScaleInt16: boolean;
}

export interface ArgMaxOptions {
  outputType: TensorType;
}

export interface ArgMinOptions {
  outputType: TensorType;
}

export type AssignVariableOptions = Record<string, never>;

export type AttentionOptions = Record<string, never>;

export interface BCQFullyConnectedOptions {
  weightsHiddenSize: number;
  fusedActivationFunction: ActivationFunctionType;
}

export interface BCQGatherOptions {
  inputHiddenSize: number;
  axis: number;
}

export interface BatchMatMulOptions {
  adjointLhs: boolean;
  adjointRhs: boolean;
  asymmetricQuantizeInputs: boolean;
}

export type BatchToSpaceNDOptions = Record<string, never>;

export interface BidirectionalSequenceLSTMOptions {
  fusedActivationFunction: ActivationFunctionType;
  cellClip: number;
  projClip: number;
  mergeOutputs: boolean;
  timeMajor: boolean;
  asymmetricQuantizeInputs: boolean;
}

export interface BidirectionalSequenceRNNOptions {
  timeMajor: boolean;
  fusedActivationFunction: ActivationFunctionType;
  mergeOutputs: boolean;
  asymmetricQuantizeInputs: boolean;
}

export type BitcastOptions = Record<string, never>;

export type BitwiseXorOptions = Record<string, never>;

export interface BlockwiseQuantization {
  scales: number;
  zeroPoints: number;
  blockSize: number;
}

export type BroadcastToOptions = Record<string, never>;

export interface BucketizeOptions {
  boundaries: Float32Array | number[] | null;
}

export interface CircleBuffer {
  data: ByteSource | null;
}

export interface CallOnceOptions {
  initSubgraphIndex: number;
}

export interface CallOptions {
  subgraph: number;
}

export interface CastOptions {
  inDataType: TensorType;
  outDataType: TensorType;
}

export interface ConcatEmbeddingsOptions {
  numChannels: number;
  numColumnsPerChannel: number[] | null;
  embeddingDimPerChannel: number[] | null;
}

export interface ConcatenationOptions {
  axis: number;
  fusedActivationFunction: ActivationFunctionType;
}

export interface Conv2DOptions {
  padding: Padding;
  strideW: number;
  strideH: number;
  fusedActivationFunction: ActivationFunctionType;
  dilationWFactor: number;
  dilationHFactor: number;
  quantizedBiasType: TensorType;
}

export interface Conv3DOptions {
  padding: Padding;
  strideD: number;
  strideW: number;
  strideH: number;
  fusedActivationFunction: ActivationFunctionType;
  dilationDFactor: number;
  dilationWFactor: number;
  dilationHFactor: number;
}

export type CosOptions = Record<string, never>;

export interface CumsumOptions {
  exclusive: boolean;
  reverse: boolean;
}

export interface CustomQuantization {
  custom: Uint8Array | null;
}

export type DensifyOptions = Record<string, never>;

export interface DepthToSpaceOptions {
  blockSize: number;
}

export interface DepthwiseConv2DOptions {
  padding: Padding;
  strideW: number;
  strideH: number;
  depthMultiplier: number;
  fusedActivationFunction: ActivationFunctionType;
  dilationWFactor: number;
  dilationHFactor: number;
}

export type DequantizeOptions = Record<string, never>;

export type DilateOptions = Record<string, never>;

export interface DimensionMetadata {
  format: DimensionType;
  denseSize: number;
  arraySegmentsType: SparseIndexVector;
  arraySegments: SparseIndexVectorTables[Exclude<SparseIndexVector, SparseIndexVector.NONE>] | null;
  arrayIndicesType: SparseIndexVector;
  arrayIndices: SparseIndexVectorTables[Exclude<SparseIndexVector, SparseIndexVector.NONE>] | null;
}

export interface DivOptions {
  fusedActivationFunction: ActivationFunctionType;
}

export type DynamicUpdateSliceOptions = Record<string, never>;

export interface EmbeddingLookupSparseOptions {
  combiner: CombinerType;
}

export type EqualOptions = Record<string, never>;

export type ExpOptions = Record<string, never>;

export type ExpandDimsOptions = Record<string, never>;

export interface FakeQuantOptions {
  min: number;
  max: number;
  numBits: number;
  narrowRange: boolean;
}

export type FillOptions = Record<string, never>;

export type FloorDivOptions = Record<string, never>;

export type FloorModOptions = Record<string, never>;

export interface FullyConnectedOptions {
  fusedActivationFunction: ActivationFunctionType;
  weightsFormat: FullyConnectedOptionsWeightsFormat;
  keepNumDims: boolean;
  asymmetricQuantizeInputs: boolean;
  quantizedBiasType: TensorType;
}

export interface GRUOptions {
  fusedActivationFunction: ActivationFunctionType;
  returnSequences: boolean;
  timeMajor: boolean;
}

export type GatherNdOptions = Record<string, never>;

export interface GatherOptions {
  axis: number;
  batchDims: number;
}

export interface GeluOptions {
  approximate: boolean;
}

export type GreaterEqualOptions = Record<string, never>;

export type GreaterOptions = Record<string, never>;

export type HardSwishOptions = Record<string, never>;

export type HashtableFindOptions = Record<string, never>;

export type HashtableImportOptions = Record<string, never>;

export interface HashtableOptions {
  tableId: number;
  keyDtype: TensorType;
  valueDtype: TensorType;
}

export type HashtableSizeOptions = Record<string, never>;

export interface IfOptions {
  thenSubgraphIndex: number;
  elseSubgraphIndex: number;
}

export interface InstanceNormOptions {
  epsilon: number;
  fusedActivationFunction: ActivationFunctionType;
}

export interface Int32Vector {
  values: number[] | null;
}

export interface L2NormOptions {
  fusedActivationFunction: ActivationFunctionType;
}

export interface LSHProjectionOptions {
  type: LSHProjectionType;
}

export interface LSTMOptions {
  fusedActivationFunction: ActivationFunctionType;
  cellClip: number;
  projClip: number;
  kernelType: LSTMKernelType;
  asymmetricQuantizeInputs: boolean;
}

export interface LeakyReluOptions {
  alpha: number;
}

export type LessEqualOptions = Record<string, never>;

export type LessOptions = Record<string, never>;

export interface LocalResponseNormalizationOptions {
  radius: number;
  bias: number;
  alpha: number;
  beta: number;
}

export type LogSoftmaxOptions = Record<string, never>;

export type LogicalAndOptions = Record<string, never>;

export type LogicalNotOptions = Record<string, never>;

export type LogicalOrOptions = Record<string, never>;

export interface MXQuantization {
  axis: number;
}

export type MatrixDiagOptions = Record<string, never>;

export type MatrixSetDiagOptions = Record<string, never>;

export type MaximumMinimumOptions = Record<string, never>;

export interface Metadata {
  name: string | null;
  buffer: number;
}

export interface MirrorPadOptions {
  mode: MirrorPadMode;
}

export interface Model {
  version: number;
  operatorCodes: OperatorCode[] | null;
  subgraphs: SubGraph[] | null;
  description: string | null;
  buffers: CircleBuffer[] | null;
  metadataBuffer: number[] | null;
  metadata: Metadata[] | null;
  signatureDefs: SignatureDef[] | null;
}

export interface MulOptions {
  fusedActivationFunction: ActivationFunctionType;
}

export type NegOptions = Record<string, never>;

export type NonMaxSuppressionV4Options = Record<string, never>;

export type NonMaxSuppressionV5Options = Record<string, never>;

export type NotEqualOptions = Record<string, never>;

export interface OneHotOptions {
  axis: number;
}

export interface Operator {
  opcodeIndex: number;
  inputs: number[] | null;
  outputs: number[] | null;
  builtinOptionsType: BuiltinOptions;
  builtinOptions: BuiltinOptionsTables[Exclude<BuiltinOptions, BuiltinOptions.NONE>] | null;
  customOptions: Uint8Array | null;
  customOptionsFormat: CustomOptionsFormat;
  mutatingVariableInputs: boolean[] | null;
  intermediates: number[] | null;
  largeCustomOptionsOffset: bigint;
  largeCustomOptionsSize: bigint;
  builtinOptions2Type: BuiltinOptions2;
  builtinOptions2: BuiltinOptions2Tables[Exclude<BuiltinOptions2, BuiltinOptions2.NONE>] | null;
  debugMetadataIndex: number;
}

export interface OperatorCode {
  deprecatedBuiltinCode: number;
  customCode: string | null;
  version: number;
  builtinCode: BuiltinOperator;
}

export interface PackOptions {
  valuesCount: number;
  axis: number;
}

export type PadOptions = Record<string, never>;

export type PadV2Options = Record<string, never>;

export interface Pool2DOptions {
  padding: Padding;
  strideW: number;
  strideH: number;
  filterWidth: number;
  filterHeight: number;
  fusedActivationFunction: ActivationFunctionType;
}

export type PowOptions = Record<string, never>;

export interface QuantizationParameters {
  min: Float32Array | number[] | null;
  max: Float32Array | number[] | null;
  scale: Float32Array | number[] | null;
  zeroPoint: bigint[] | null;
  detailsType: QuantizationDetails;
  details: QuantizationDetailsTables[Exclude<QuantizationDetails, QuantizationDetails.NONE>] | null;
  quantizedDimension: number;
}

export type QuantizeOptions = Record<string, never>;

export interface RNNOptions {
  fusedActivationFunction: ActivationFunctionType;
  asymmetricQuantizeInputs: boolean;
}

export interface RandomOptions {
  seed: bigint;
  seed2: bigint;
}

export type RangeOptions = Record<string, never>;

export type RankOptions = Record<string, never>;

export type ReadVariableOptions = Record<string, never>;

export interface ReduceWindowOptions {
  reduceFunction: ReduceWindowFunction;
}

export interface ReducerOptions {
  keepDims: boolean;
}

export interface ReshapeOptions {
  newShape: number[] | null;
}

export interface ResizeBilinearOptions {
  newHeight?: number;
  newWidth?: number;
  alignCorners: boolean;
  halfPixelCenters: boolean;
}

export interface ResizeNearestNeighborOptions {
  alignCorners: boolean;
  halfPixelCenters: boolean;
}

export interface ReverseSequenceOptions {
  seqDim: number;
  batchDim: number;
}

export type ReverseV2Options = Record<string, never>;

export type Rfft2dOptions = Record<string, never>;

export type RightShiftOptions = Record<string, never>;

export interface RmsNormOptions {
  epsilon: number;
}

export interface RoPEOptions {
  mode: RoPEMode;
}

export interface RunModelOptions {
  location: string | null;
  signature: string | null;
}

export interface SVDFOptions {
  rank: number;
  fusedActivationFunction: ActivationFunctionType;
  asymmetricQuantizeInputs: boolean;
}

export type ScatterNdOptions = Record<string, never>;

export type SegmentSumOptions = Record<string, never>;

export type SelectOptions = Record<string, never>;

export type SelectV2Options = Record<string, never>;

export interface SequenceRNNOptions {
  timeMajor: boolean;
  fusedActivationFunction: ActivationFunctionType;
  asymmetricQuantizeInputs: boolean;
}

export interface ShapeOptions {
  outType: TensorType;
}

export type SignOptions = Record<string, never>;

export interface SignatureDef {
  inputs: TensorMap[] | null;
  outputs: TensorMap[] | null;
  signatureKey: string | null;
  deprecatedTag?: string | null;
  subgraphIndex: number;
}

export interface SkipGramOptions {
  ngramSize: number;
  maxSkipSize: number;
  includeAllNgrams: boolean;
}

export type SliceOptions = Record<string, never>;

export interface SoftmaxOptions {
  beta: number;
}

export type SpaceToBatchNDOptions = Record<string, never>;

export interface SpaceToDepthOptions {
  blockSize: number;
}

export interface SparseToDenseOptions {
  validateIndices: boolean;
}

export interface SparsityParameters {
  traversalOrder: number[] | null;
  blockMap: number[] | null;
  dimMetadata: DimensionMetadata[] | null;
}

export interface SplitOptions {
  numSplits: number;
}

export interface SplitVOptions {
  numSplits: number;
}

export type SquareOptions = Record<string, never>;

export type SquaredDifferenceOptions = Record<string, never>;

export interface SqueezeOptions {
  squeezeDims: number[] | null;
}

export interface StableHLOCompositeOptions {
  name: string | null;
  decompositionSubgraphIndex: number;
  compositeAttributes: Uint8Array | null;
  compositeAttributesFormat: CustomOptionsFormat;
  version: number;
}

export interface StablehloBroadcastInDimOptions {
  broadcastDimensions: bigint[] | null;
}

export interface StablehloCaseOptions {
  branchSubgraphIndices: number[] | null;
}

export interface StablehloCompareOptions {
  comparisonDirection: StablehloComparisonDirection;
  compareType: StablehloComparisonType;
}

export interface StablehloConcatenateOptions {
  dimension: bigint;
}

export interface StablehloConvolutionOptions {
  windowStrides: bigint[] | null;
  padding: bigint[] | null;
  lhsDilation: bigint[] | null;
  rhsDilation: bigint[] | null;
  windowReversal: boolean[] | null;
  inputBatchDimension: bigint;
  inputFeatureDimension: bigint;
  inputSpatialDimensions: bigint[] | null;
  kernelInputFeatureDimension: bigint;
  kernelOutputFeatureDimension: bigint;
  kernelSpatialDimensions: bigint[] | null;
  outputBatchDimension: bigint;
  outputFeatureDimension: bigint;
  outputSpatialDimensions: bigint[] | null;
  featureGroupCount: bigint;
  batchGroupCount: bigint;
  precisionConfig: StablehloPrecisionConfig[] | null;
}

export interface StablehloCustomCallOptions {
  callTargetName: string | null;
  hasSideEffect: boolean;
  backendConfig: string | null;
  apiVersion: number;
  calledComputations: number[] | null;
  customAttributes: Uint8Array | null;
}

export interface StablehloDotGeneralOptions {
  lhsBatchingDimensions: bigint[] | null;
  rhsBatchingDimensions: bigint[] | null;
  lhsContractingDimensions: bigint[] | null;
  rhsContractingDimensions: bigint[] | null;
  precisionConfig: StablehloPrecisionConfig[] | null;
}

export interface StablehloDynamicSliceOptions {
  sliceSizes: bigint[] | null;
}

export interface StablehloGatherOptions {
  offsetDims: bigint[] | null;
  collapsedSliceDims: bigint[] | null;
  startIndexMap: bigint[] | null;
  indexVectorDim: bigint;
  sliceSizes: bigint[] | null;
  indicesAreSorted: boolean;
}

export interface StablehloIotaOptions {
  iotaDimension: bigint;
}

export interface StablehloPadOptions {
  edgePaddingLow: bigint[] | null;
  edgePaddingHigh: bigint[] | null;
  interiorPadding: bigint[] | null;
}

export interface StablehloReduceOptions {
  dimensions: bigint[] | null;
  bodySubgraphIndex: number;
}

export interface StablehloReduceWindowOptions {
  windowDimensions: bigint[] | null;
  windowStrides: bigint[] | null;
  baseDilations: bigint[] | null;
  windowDilations: bigint[] | null;
  padding: bigint[] | null;
  bodySubgraphIndex: number;
}

export interface StablehloRngBitGeneratorOptions {
  algorithm: RngAlgorithm;
}

export interface StablehloScatterOptions {
  indicesAreSorted: boolean;
  updateWindowDims: bigint[] | null;
  insertedWindowDims: bigint[] | null;
  scatterDimsToOperandDims: bigint[] | null;
  indexVectorDim: bigint;
  uniqueIndices: boolean;
  updateComputationSubgraphIndex: number;
}

export type StablehloShiftLeftOptions = Record<string, never>;

export interface StablehloSliceOptions {
  startIndices: bigint[] | null;
  limitIndices: bigint[] | null;
  strides: bigint[] | null;
}

export interface StablehloSortOptions {
  dimension: bigint;
  isStable: boolean;
  comparatorSubgraphIndex: number;
}

export interface StablehloTransposeOptions {
  permutation: bigint[] | null;
}

export interface StablehloWhileOptions {
  condSubgraphIndex: number;
  bodySubgraphIndex: number;
}

export interface StridedSliceOptions {
  beginMask: number;
  endMask: number;
  ellipsisMask: number;
  newAxisMask: number;
  shrinkAxisMask: number;
  offset: boolean;
}

export interface SubGraph {
  tensors: Tensor[] | null;
  inputs: number[] | null;
  outputs: number[] | null;
  operators: Operator[] | null;
  name: string | null;
  deprecatedDataFormat?: DataFormat;
  debugMetadataIndex: number;
}

export interface SubOptions {
  fusedActivationFunction: ActivationFunctionType;
  potScaleInt16: boolean;
}

export interface Tensor {
  shape: number[] | null;
  type: TensorType;
  buffer: number;
  name: string | null;
  quantization: QuantizationParameters | null;
  isVariable: boolean;
  sparsity: SparsityParameters | null;
  shapeSignature: number[] | null;
  hasRank: boolean;
  variantTensors: VariantSubType[] | null;
  compressionType: CompressionType;
}

export interface TensorMap {
  name: string | null;
  tensorIndex: number;
}

export type TileOptions = Record<string, never>;

export type TopKV2Options = Record<string, never>;

export interface TransposeConvOptions {
  padding: Padding;
  strideW: number;
  strideH: number;
  fusedActivationFunction: ActivationFunctionType;
  quantizedBiasType: TensorType;
}

export type TransposeOptions = Record<string, never>;

export interface Uint16Vector {
  values: number[] | null;
}

export interface Uint8Vector {
  values: Uint8Array | null;
}

export interface UnidirectionalSequenceLSTMOptions {
  fusedActivationFunction: ActivationFunctionType;
  cellClip: number;
  projClip: number;
  timeMajor: boolean;
  asymmetricQuantizeInputs: boolean;
  diagonalRecurrentTensors: boolean;
}

export interface UniqueOptions {
  idxOutType: TensorType;
}

export interface UnpackOptions {
  num: number;
  axis: number;
}

export type UnsortedSegmentMaxOptions = Record<string, never>;

export type UnsortedSegmentMinOptions = Record<string, never>;

export type UnsortedSegmentProdOptions = Record<string, never>;

export type UnsortedSegmentSumOptions = Record<string, never>;

export interface VarHandleOptions {
  container: string | null;
  sharedName: string | null;
}

export interface VariantSubType {
  shape: number[] | null;
  type: TensorType;
  hasRank: boolean;
}

export type WhereOptions = Record<string, never>;

export interface WhileOptions {
  condSubgraphIndex: number;
  bodySubgraphIndex: number;
}

export type ZerosLikeOptions = Record<string, never>;

/** Union code → table of BuiltinOptions. */
export interface BuiltinOptionsTables {
  [BuiltinOptions.NONE]: null;
  [BuiltinOptions.Conv2DOptions]: Conv2DOptions;
  [BuiltinOptions.DepthwiseConv2DOptions]: DepthwiseConv2DOptions;
  [BuiltinOptions.ConcatEmbeddingsOptions]: ConcatEmbeddingsOptions;
  [BuiltinOptions.LSHProjectionOptions]: LSHProjectionOptions;
  [BuiltinOptions.Pool2DOptions]: Pool2DOptions;
  [BuiltinOptions.SVDFOptions]: SVDFOptions;
  [BuiltinOptions.RNNOptions]: RNNOptions;
  [BuiltinOptions.FullyConnectedOptions]: FullyConnectedOptions;
  [BuiltinOptions.SoftmaxOptions]: SoftmaxOptions;
  [BuiltinOptions.ConcatenationOptions]: ConcatenationOptions;
  [BuiltinOptions.AddOptions]: AddOptions;
  [BuiltinOptions.L2NormOptions]: L2NormOptions;
  [BuiltinOptions.LocalResponseNormalizationOptions]: LocalResponseNormalizationOptions;
  [BuiltinOptions.LSTMOptions]: LSTMOptions;
  [BuiltinOptions.ResizeBilinearOptions]: ResizeBilinearOptions;
  [BuiltinOptions.CallOptions]: CallOptions;
  [BuiltinOptions.ReshapeOptions]: ReshapeOptions;
  [BuiltinOptions.SkipGramOptions]: SkipGramOptions;
  [BuiltinOptions.SpaceToDepthOptions]: SpaceToDepthOptions;
  [BuiltinOptions.EmbeddingLookupSparseOptions]: EmbeddingLookupSparseOptions;
  [BuiltinOptions.MulOptions]: MulOptions;
  [BuiltinOptions.PadOptions]: PadOptions;
  [BuiltinOptions.GatherOptions]: GatherOptions;
  [BuiltinOptions.BatchToSpaceNDOptions]: BatchToSpaceNDOptions;
  [BuiltinOptions.SpaceToBatchNDOptions]: SpaceToBatchNDOptions;
  [BuiltinOptions.TransposeOptions]: TransposeOptions;
  [BuiltinOptions.ReducerOptions]: ReducerOptions;
  [BuiltinOptions.SubOptions]: SubOptions;
  [BuiltinOptions.DivOptions]: DivOptions;
  [BuiltinOptions.SqueezeOptions]: SqueezeOptions;
  [BuiltinOptions.SequenceRNNOptions]: SequenceRNNOptions;
  [BuiltinOptions.StridedSliceOptions]: StridedSliceOptions;
  [BuiltinOptions.ExpOptions]: ExpOptions;
  [BuiltinOptions.TopKV2Options]: TopKV2Options;
  [BuiltinOptions.SplitOptions]: SplitOptions;
  [BuiltinOptions.LogSoftmaxOptions]: LogSoftmaxOptions;
  [BuiltinOptions.CastOptions]: CastOptions;
  [BuiltinOptions.DequantizeOptions]: DequantizeOptions;
  [BuiltinOptions.MaximumMinimumOptions]: MaximumMinimumOptions;
  [BuiltinOptions.ArgMaxOptions]: ArgMaxOptions;
  [BuiltinOptions.LessOptions]: LessOptions;
  [BuiltinOptions.NegOptions]: NegOptions;
  [BuiltinOptions.PadV2Options]: PadV2Options;
  [BuiltinOptions.GreaterOptions]: GreaterOptions;
  [BuiltinOptions.GreaterEqualOptions]: GreaterEqualOptions;
  [BuiltinOptions.LessEqualOptions]: LessEqualOptions;
  [BuiltinOptions.SelectOptions]: SelectOptions;
  [BuiltinOptions.SliceOptions]: SliceOptions;
  [BuiltinOptions.TransposeConvOptions]: TransposeConvOptions;
  [BuiltinOptions.SparseToDenseOptions]: SparseToDenseOptions;
  [BuiltinOptions.TileOptions]: TileOptions;
  [BuiltinOptions.ExpandDimsOptions]: ExpandDimsOptions;
  [BuiltinOptions.EqualOptions]: EqualOptions;
  [BuiltinOptions.NotEqualOptions]: NotEqualOptions;
  [BuiltinOptions.ShapeOptions]: ShapeOptions;
  [BuiltinOptions.PowOptions]: PowOptions;
  [BuiltinOptions.ArgMinOptions]: ArgMinOptions;
  [BuiltinOptions.FakeQuantOptions]: FakeQuantOptions;
  [BuiltinOptions.PackOptions]: PackOptions;
  [BuiltinOptions.LogicalOrOptions]: LogicalOrOptions;
  [BuiltinOptions.OneHotOptions]: OneHotOptions;
  [BuiltinOptions.LogicalAndOptions]: LogicalAndOptions;
  [BuiltinOptions.LogicalNotOptions]: LogicalNotOptions;
  [BuiltinOptions.UnpackOptions]: UnpackOptions;
  [BuiltinOptions.FloorDivOptions]: FloorDivOptions;
  [BuiltinOptions.SquareOptions]: SquareOptions;
  [BuiltinOptions.ZerosLikeOptions]: ZerosLikeOptions;
  [BuiltinOptions.FillOptions]: FillOptions;
  [BuiltinOptions.BidirectionalSequenceLSTMOptions]: BidirectionalSequenceLSTMOptions;
  [BuiltinOptions.BidirectionalSequenceRNNOptions]: BidirectionalSequenceRNNOptions;
  [BuiltinOptions.UnidirectionalSequenceLSTMOptions]: UnidirectionalSequenceLSTMOptions;
  [BuiltinOptions.FloorModOptions]: FloorModOptions;
  [BuiltinOptions.RangeOptions]: RangeOptions;
  [BuiltinOptions.ResizeNearestNeighborOptions]: ResizeNearestNeighborOptions;
  [BuiltinOptions.LeakyReluOptions]: LeakyReluOptions;
  [BuiltinOptions.SquaredDifferenceOptions]: SquaredDifferenceOptions;
  [BuiltinOptions.MirrorPadOptions]: MirrorPadOptions;
  [BuiltinOptions.AbsOptions]: AbsOptions;
  [BuiltinOptions.SplitVOptions]: SplitVOptions;
  [BuiltinOptions.UniqueOptions]: UniqueOptions;
  [BuiltinOptions.ReverseV2Options]: ReverseV2Options;
  [BuiltinOptions.AddNOptions]: AddNOptions;
  [BuiltinOptions.GatherNdOptions]: GatherNdOptions;
  [BuiltinOptions.CosOptions]: CosOptions;
  [BuiltinOptions.WhereOptions]: WhereOptions;
  [BuiltinOptions.RankOptions]: RankOptions;
  [BuiltinOptions.ReverseSequenceOptions]: ReverseSequenceOptions;
  [BuiltinOptions.MatrixDiagOptions]: MatrixDiagOptions;
  [BuiltinOptions.QuantizeOptions]: QuantizeOptions;
  [BuiltinOptions.MatrixSetDiagOptions]: MatrixSetDiagOptions;
  [BuiltinOptions.HardSwishOptions]: HardSwishOptions;
  [BuiltinOptions.IfOptions]: IfOptions;
  [BuiltinOptions.WhileOptions]: WhileOptions;
  [BuiltinOptions.DepthToSpaceOptions]: DepthToSpaceOptions;
  [BuiltinOptions.NonMaxSuppressionV4Options]: NonMaxSuppressionV4Options;
  [BuiltinOptions.NonMaxSuppressionV5Options]: NonMaxSuppressionV5Options;
  [BuiltinOptions.ScatterNdOptions]: ScatterNdOptions;
  [BuiltinOptions.SelectV2Options]: SelectV2Options;
  [BuiltinOptions.DensifyOptions]: DensifyOptions;
  [BuiltinOptions.SegmentSumOptions]: SegmentSumOptions;
  [BuiltinOptions.BatchMatMulOptions]: BatchMatMulOptions;
  [BuiltinOptions.CumsumOptions]: CumsumOptions;
  [BuiltinOptions.CallOnceOptions]: CallOnceOptions;
  [BuiltinOptions.BroadcastToOptions]: BroadcastToOptions;
  [BuiltinOptions.Rfft2dOptions]: Rfft2dOptions;
  [BuiltinOptions.Conv3DOptions]: Conv3DOptions;
  [BuiltinOptions.HashtableOptions]: HashtableOptions;
  [BuiltinOptions.HashtableFindOptions]: HashtableFindOptions;
  [BuiltinOptions.HashtableImportOptions]: HashtableImportOptions;
  [BuiltinOptions.HashtableSizeOptions]: HashtableSizeOptions;
  [BuiltinOptions.VarHandleOptions]: VarHandleOptions;
  [BuiltinOptions.ReadVariableOptions]: ReadVariableOptions;
  [BuiltinOptions.AssignVariableOptions]: AssignVariableOptions;
  [BuiltinOptions.RandomOptions]: RandomOptions;
  [BuiltinOptions.BucketizeOptions]: BucketizeOptions;
  [BuiltinOptions.GeluOptions]: GeluOptions;
  [BuiltinOptions.DynamicUpdateSliceOptions]: DynamicUpdateSliceOptions;
  [BuiltinOptions.UnsortedSegmentProdOptions]: UnsortedSegmentProdOptions;
  [BuiltinOptions.UnsortedSegmentMaxOptions]: UnsortedSegmentMaxOptions;
  [BuiltinOptions.UnsortedSegmentMinOptions]: UnsortedSegmentMinOptions;
  [BuiltinOptions.UnsortedSegmentSumOptions]: UnsortedSegmentSumOptions;
  [BuiltinOptions.ATan2Options]: ATan2Options;
  [BuiltinOptions.SignOptions]: SignOptions;
  [BuiltinOptions.BitcastOptions]: BitcastOptions;
  [BuiltinOptions.BitwiseXorOptions]: BitwiseXorOptions;
  [BuiltinOptions.RightShiftOptions]: RightShiftOptions;
  [BuiltinOptions.AttentionOptions]: AttentionOptions;
  [BuiltinOptions.RunModelOptions]: RunModelOptions;
  [BuiltinOptions.RoPEOptions]: RoPEOptions;
  [BuiltinOptions.RmsNormOptions]: RmsNormOptions;
  [BuiltinOptions.GRUOptions]: GRUOptions;
  [BuiltinOptions.BCQGatherOptions]: BCQGatherOptions;
  [BuiltinOptions.BCQFullyConnectedOptions]: BCQFullyConnectedOptions;
  [BuiltinOptions.InstanceNormOptions]: InstanceNormOptions;
}

/** Union code → table of BuiltinOptions2. */
export interface BuiltinOptions2Tables {
  [BuiltinOptions2.NONE]: null;
  [BuiltinOptions2.StablehloConcatenateOptions]: StablehloConcatenateOptions;
  [BuiltinOptions2.StablehloBroadcastInDimOptions]: StablehloBroadcastInDimOptions;
  [BuiltinOptions2.StablehloSliceOptions]: StablehloSliceOptions;
  [BuiltinOptions2.StablehloConvolutionOptions]: StablehloConvolutionOptions;
  [BuiltinOptions2.StablehloCustomCallOptions]: StablehloCustomCallOptions;
  [BuiltinOptions2.StablehloReduceOptions]: StablehloReduceOptions;
  [BuiltinOptions2.StablehloScatterOptions]: StablehloScatterOptions;
  [BuiltinOptions2.StablehloCompareOptions]: StablehloCompareOptions;
  [BuiltinOptions2.StablehloDynamicSliceOptions]: StablehloDynamicSliceOptions;
  [BuiltinOptions2.StablehloPadOptions]: StablehloPadOptions;
  [BuiltinOptions2.StablehloIotaOptions]: StablehloIotaOptions;
  [BuiltinOptions2.StablehloDotGeneralOptions]: StablehloDotGeneralOptions;
  [BuiltinOptions2.StablehloReduceWindowOptions]: StablehloReduceWindowOptions;
  [BuiltinOptions2.StablehloSortOptions]: StablehloSortOptions;
  [BuiltinOptions2.StablehloWhileOptions]: StablehloWhileOptions;
  [BuiltinOptions2.StablehloGatherOptions]: StablehloGatherOptions;
  [BuiltinOptions2.StablehloTransposeOptions]: StablehloTransposeOptions;
  [BuiltinOptions2.DilateOptions]: DilateOptions;
  [BuiltinOptions2.StablehloRngBitGeneratorOptions]: StablehloRngBitGeneratorOptions;
  [BuiltinOptions2.ReduceWindowOptions]: ReduceWindowOptions;
  [BuiltinOptions2.StableHLOCompositeOptions]: StableHLOCompositeOptions;
  [BuiltinOptions2.StablehloShiftLeftOptions]: StablehloShiftLeftOptions;
  [BuiltinOptions2.StablehloCaseOptions]: StablehloCaseOptions;
}

/** Union code → table of QuantizationDetails. */
export interface QuantizationDetailsTables {
  [QuantizationDetails.NONE]: null;
  [QuantizationDetails.CustomQuantization]: CustomQuantization;
  [QuantizationDetails.MXQuantization]: MXQuantization;
  [QuantizationDetails.BlockwiseQuantization]: BlockwiseQuantization;
}

/** Union code → table of SparseIndexVector. */
export interface SparseIndexVectorTables {
  [SparseIndexVector.NONE]: null;
  [SparseIndexVector.Int32Vector]: Int32Vector;
  [SparseIndexVector.Uint16Vector]: Uint16Vector;
  [SparseIndexVector.Uint8Vector]: Uint8Vector;
}
