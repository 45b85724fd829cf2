/** A model of one operator and as many weights as wanted, for tests in which the file's size is what counts. */
import {
  BuiltinOperator,
  BuiltinOptions,
  type ByteSource,
  type Model,
  operatorCode,
  plainOperator,
  plainTensor,
  type Tensor,
  TensorType,
} from '../../lib/circle/index.ts';

/** y = FULLY_CONNECTED(x, w0), and the other weights beside it, f32 in rows of `columns`; x is called `tico::x`. */
export function weightsModel(weights: readonly ByteSource[], columns = 4): Model {
  const tensor = (name: string, shape: number[], buffer: number): Tensor => ({
    ...plainTensor,
    shape,
    type: TensorType.FLOAT32,
    buffer,
    name,
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
            ...plainOperator,
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
            intermediates: null,
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
