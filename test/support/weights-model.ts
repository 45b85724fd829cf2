/** A model of one operator and as many weights as wanted, for tests in which the file's size is what counts. */
import {
  BuiltinOperator,
  BuiltinOptions,
  type ByteSource,
  type Model,
  operatorCode,
  type Tensor,
  TensorType,
} from '../../lib/circle/index.ts';

/** y = FULLY_CONNECTED(x, w0), and the other weights beside it; x is called `tico::x`. */
export function weightsModel(weights: readonly ByteSource[]): Model {
  const columns = 4;
  const tensor = (name: string, shape: number[], buffer: number): Tensor => ({
    shape,
    type: TensorType.FLOAT32,
    buffer,
    name,
    quantization: null,
    isVariable: false,
    sparsity: null,
    shapeSignature: null,
    hasRank: false,
    variantTensors: null,
    compressionType: 0,
  });
  const rows = weights.map(({ byteLength }) => byteLength / 4 / columns);
  return {
    version: 0,
    operatorCodes: [operatorCode(BuiltinOperator.FULLY_CONNECTED)],
    subgraphs: [
      {
        tensors: [
          tensor('tico::x', [1, columns], 0),
          tensor('y', [1, rows[0]!], 0),
          ...rows.map((count, i) => tensor(`w${i}`, [count, columns], i + 1)),
        ],
        inputs: [0],
        outputs: [1],
        operators: [
          {
            opcodeIndex: 0,
            inputs: [0, 2, -1],
            outputs: [1],
            builtinOptionsType: BuiltinOptions.FullyConnectedOptions,
            builtinOptions: {
              fusedActivationFunction: 0,
              weightsFormat: 0,
              keepNumDims: false,
              asymmetricQuantizeInputs: false,
              quantizedBiasType: 0,
            },
            customOptions: null,
            customOptionsFormat: 0,
            mutatingVariableInputs: null,
            intermediates: null,
            largeCustomOptionsOffset: 0n,
            largeCustomOptionsSize: 0n,
            builtinOptions2Type: 0,
            builtinOptions2: null,
            debugMetadataIndex: -1,
          },
        ],
        name: 'main',
        debugMetadataIndex: -1,
      },
    ],
    description: null,
    buffers: [{ data: null }, ...weights.map((data) => ({ data }))],
    metadataBuffer: null,
    metadata: null,
    signatureDefs: null,
  };
}
