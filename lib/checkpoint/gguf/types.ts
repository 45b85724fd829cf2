/** GGML's tensor types by their numbers in a file. Of those without a decoder only the size is known. */
import { TensorType } from '../../circle/index.ts';
import { bf16, type Dtype, f16, f32 } from '../dtypes.ts';
import {
  decodeIQ4_NL,
  decodeMXFP4,
  decodeQ4_0,
  decodeQ4_1,
  decodeQ5_0,
  decodeQ5_1,
  decodeQ8_0,
} from './blocks.ts';
import { decodeQ2_K, decodeQ3_K, decodeQ4_K, decodeQ5_K, decodeQ6_K } from './k-quants.ts';

type Row = [number: number, name: string, elements: number, bytes: number, decode?: Dtype['decode']];

/** In Circle files too, with the same bytes: these are kept as they are. */
const CIRCLE_TYPES: Readonly<Record<string, TensorType>> = {
  Q4_0: TensorType.GGML_Q4_0,
  Q8_0: TensorType.GGML_Q8_0,
};

const ROWS: readonly Row[] = [
  [2, 'Q4_0', 32, 18, decodeQ4_0],
  [3, 'Q4_1', 32, 20, decodeQ4_1],
  [6, 'Q5_0', 32, 22, decodeQ5_0],
  [7, 'Q5_1', 32, 24, decodeQ5_1],
  [8, 'Q8_0', 32, 34, decodeQ8_0],
  [9, 'Q8_1', 32, 40],
  [10, 'Q2_K', 256, 84, decodeQ2_K],
  [11, 'Q3_K', 256, 110, decodeQ3_K],
  [12, 'Q4_K', 256, 144, decodeQ4_K],
  [13, 'Q5_K', 256, 176, decodeQ5_K],
  [14, 'Q6_K', 256, 210, decodeQ6_K],
  [15, 'Q8_K', 256, 292],
  [16, 'IQ2_XXS', 256, 66],
  [17, 'IQ2_XS', 256, 74],
  [18, 'IQ3_XXS', 256, 98],
  [19, 'IQ1_S', 256, 50],
  [20, 'IQ4_NL', 32, 18, decodeIQ4_NL],
  [21, 'IQ3_S', 256, 110],
  [22, 'IQ2_S', 256, 82],
  [23, 'IQ4_XS', 256, 136],
  [24, 'I8', 1, 1],
  [25, 'I16', 1, 2],
  [26, 'I32', 1, 4],
  [27, 'I64', 1, 8],
  [28, 'F64', 1, 8],
  [29, 'IQ1_M', 256, 56],
  [34, 'TQ1_0', 256, 54],
  [35, 'TQ2_0', 256, 66],
  [39, 'MXFP4', 32, 17, decodeMXFP4],
  [40, 'NVFP4', 64, 36],
  [41, 'Q1_0', 128, 18],
];

export const ggmlTypes: ReadonlyMap<number, Dtype> = new Map<number, Dtype>([
  [0, f32],
  [1, f16],
  [30, bf16],
  ...ROWS.map(([number, name, elements, bytes, decode = null]): [number, Dtype] => [
    number,
    { name, type: CIRCLE_TYPES[name] ?? null, elements, bytes, decode },
  ]),
]);
