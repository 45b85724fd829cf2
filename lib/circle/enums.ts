/** The enums of the format and the codes of its unions. */
export { ActivationFunctionType } from './schema/generated/flatc/activation-function-type.ts';
export { BuiltinOperator } from './schema/generated/flatc/builtin-operator.ts';
export { CombinerType } from './schema/generated/flatc/combiner-type.ts';
export { CompressionType } from './schema/generated/flatc/compression-type.ts';
export { CustomOptionsFormat } from './schema/generated/flatc/custom-options-format.ts';
export { DataFormat } from './schema/generated/flatc/data-format.ts';
export { DimensionType } from './schema/generated/flatc/dimension-type.ts';
export { FullyConnectedOptionsWeightsFormat } from './schema/generated/flatc/fully-connected-options-weights-format.ts';
export { LSHProjectionType } from './schema/generated/flatc/lshprojection-type.ts';
export { LSTMKernelType } from './schema/generated/flatc/lstmkernel-type.ts';
export { MirrorPadMode } from './schema/generated/flatc/mirror-pad-mode.ts';
export { Padding } from './schema/generated/flatc/padding.ts';
export { ReduceWindowFunction } from './schema/generated/flatc/reduce-window-function.ts';
export { RngAlgorithm } from './schema/generated/flatc/rng-algorithm.ts';
export { RoPEMode } from './schema/generated/flatc/ro-pemode.ts';
export { StablehloComparisonDirection } from './schema/generated/flatc/stablehlo-comparison-direction.ts';
export { StablehloComparisonType } from './schema/generated/flatc/stablehlo-comparison-type.ts';
export { StablehloPrecisionConfig } from './schema/generated/flatc/stablehlo-precision-config.ts';
export { TensorType } from './schema/generated/flatc/tensor-type.ts';
export {
  BuiltinOptions,
  BuiltinOptions2,
  QuantizationDetails,
  SparseIndexVector,
} from './schema/generated/unions.ts';
