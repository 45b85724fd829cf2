/** What spoils tensors: types, shapes, data, quantization, sparsity. */
import { QuantizationDetails, type Tensor, TensorType } from '../../../lib/circle/index.ts';
import { dataOf, type Spoil, type Spoils } from './sound.ts';

export const tensorSpoils = {
  TENSOR_TYPE: [
    ['subgraphs[0].tensors[0].type', ({ graph }) => (graph.tensors![0]!.type = 99 as TensorType)],
  ],
  TENSOR_SHAPE: [
    ['subgraphs[0].tensors[0].shape[1]', ({ graph }) => (graph.tensors![0]!.shape = [1, -1])],
    ['subgraphs[0].tensors[0].shape[0]', ({ graph }) => (graph.tensors![0]!.shape = [0, 4])],
    ['subgraphs[0].tensors[2].shape[0]', ({ tensor }) => (tensor('w').shape = [-2, 4])],
    ['subgraphs[0].tensors[6].shape', ({ tensor }) => (tensor('blocks').shape = [32, 1])],
  ],
  SHAPE_SIGNATURE: [
    ['subgraphs[0].tensors[0].shape_signature', ({ graph }) => (graph.tensors![0]!.shapeSignature = [-1, 5])],
    ['subgraphs[0].tensors[0].shape_signature', ({ graph }) => (graph.tensors![0]!.shapeSignature = [-1])],
  ],
  TENSOR_SIZE: [
    [
      'subgraphs[0].tensors[0].shape',
      ({ graph }) => (graph.tensors![0]!.shape = Array.from({ length: 4 }, () => 2 ** 31 - 1)),
    ],
  ],
  DATA_SIZE: [
    ['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').shape = [2, 5])],
    ['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').type = TensorType.INT64)],
    ['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').type = TensorType.RESOURCE)],
    ['subgraphs[0].tensors[5].buffer', ({ tensor }) => (tensor('packed').shape = [5])],
    ['subgraphs[0].tensors[6].buffer', ({ tensor }) => (tensor('blocks').shape = [2, 32])],
    ['subgraphs[0].tensors[6].buffer', ({ tensor }) => (tensor('blocks').type = TensorType.GGML_Q4_0)],
    ['subgraphs[0].tensors[8].buffer', ({ tensor }) => (tensor('micro').shape = [1, 64])],
    ['subgraphs[0].tensors[8].buffer', ({ tensor }) => (tensor('micro').type = TensorType.MXINT8)],
    ['subgraphs[0].tensors[9].buffer', ({ tensor }) => (tensor('sparse').sparsity = null)],
    ['subgraphs[0].tensors[9].buffer', (parts) => (dataOf(parts, 'sparse').data = new Uint8Array(12))],
  ],
  DATA_STRINGS: [
    ['subgraphs[0].tensors[4].buffer', ({ tensor }) => (tensor('words').shape = [3])],
    ['subgraphs[0].tensors[4].buffer', (parts) => (dataOf(parts, 'words').data = new Uint8Array(3))],
    ...[0, 4, 8, 12].map((at): [string, Spoil] => [
      'subgraphs[0].tensors[4].buffer',
      (parts) => {
        const bytes = Uint8Array.from(dataOf(parts, 'words').data as Uint8Array);
        bytes[at]! ^= 0x40;
        dataOf(parts, 'words').data = bytes;
      },
    ]),
  ],
  BUFFER_SENTINEL: [['buffers[0]', ({ model }) => (model.buffers![0]!.data = new Uint8Array(4))]],
  VARIABLE_DATA: [['subgraphs[0].tensors[2].buffer', ({ tensor }) => (tensor('w').isVariable = true)]],
  QUANTIZATION: [
    [
      'subgraphs[0].tensors[7].quantization.scale',
      ({ tensor }) => Object.assign(tensor('scaled').quantization!, { scale: [1, 2, 3], zeroPoint: null }),
    ],
    [
      'subgraphs[0].tensors[7].quantization.zero_point',
      ({ tensor }) => (tensor('scaled').quantization!.zeroPoint = [1n]),
    ],
    [
      'subgraphs[0].tensors[7].quantization.quantized_dimension',
      ({ tensor }) => (tensor('scaled').quantization!.quantizedDimension = 2),
    ],
    [
      'subgraphs[0].tensors[8].quantization.details.axis',
      ({ tensor }) => (tensor('micro').quantization!.details = { axis: 2 }),
    ],
    ...(
      [
        ['scales', { scales: 99, zeroPoints: -1, blockSize: 32 }],
        ['zero_points', { scales: 0, zeroPoints: -2, blockSize: 32 }],
        ['block_size', { scales: 0, zeroPoints: 0, blockSize: 0 }],
      ] as const
    ).map(([field, details]): [string, Spoil] => [
      `subgraphs[0].tensors[8].quantization.details.${field}`,
      ({ tensor }) =>
        Object.assign(tensor('micro').quantization!, {
          detailsType: QuantizationDetails.BlockwiseQuantization,
          details,
        }),
    ]),
  ],
  SPARSITY: (
    [
      ['traversal_order', (s) => (s.traversalOrder = [0, 0])],
      ['traversal_order', (s) => (s.traversalOrder = null)],
      ['block_map[0]', (s) => Object.assign(s, { blockMap: [2], traversalOrder: [0, 1, 2] })],
      ['dim_metadata', (s) => void s.dimMetadata!.pop()],
      ['dim_metadata[0]', (s) => (s.dimMetadata![0]!.denseSize = 3)],
      ['dim_metadata[0]', (s) => (s.dimMetadata![0]!.format = 9 as never)],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = null)],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = { values: [0, 2] })],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = { values: [0, 3, 2] })],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arraySegments = { values: [0, 1, 1] })],
      ['dim_metadata[1]', (s) => (s.dimMetadata![1]!.arrayIndices = { values: [2, 3] })],
    ] as [string, (sparsity: NonNullable<Tensor['sparsity']>) => void][]
  ).map(([field, spoil]) => [
    `subgraphs[0].tensors[9].sparsity.${field}`,
    ({ tensor }) => spoil(tensor('sparse').sparsity!),
  ]),
} satisfies Record<string, Spoils>;
