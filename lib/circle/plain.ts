/** What a tensor or an operator has that says nothing of itself: the schema's defaults, absent tables as null. */
import type { Operator, Tensor } from './schema/generated/types.ts';

export const plainTensor: Omit<Tensor, 'name' | 'type' | 'shape' | 'buffer'> = {
  quantization: null,
  isVariable: false,
  sparsity: null,
  shapeSignature: null,
  hasRank: false,
  variantTensors: null,
  compressionType: 0,
};

export const plainOperator: Omit<Operator, 'opcodeIndex' | 'inputs' | 'outputs' | 'intermediates'> = {
  builtinOptionsType: 0,
  builtinOptions: null,
  customOptions: null,
  customOptionsFormat: 0,
  mutatingVariableInputs: null,
  largeCustomOptionsOffset: 0n,
  largeCustomOptionsSize: 0n,
  builtinOptions2Type: 0,
  builtinOptions2: null,
  debugMetadataIndex: -1,
};
