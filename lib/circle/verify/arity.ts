/**
 * How many inputs and outputs operators have: one letter an input, `x` required, `?` may be left out (by -1, or by a
 * shorter list), `+` one or more; outputs follow after `>`, one where nothing is said. Operators that are not listed
 * take what they are given.
 */
import { BuiltinOperator } from '../schema/generated/enums.ts';

const WORDS: Readonly<Record<string, string>> = {
  x: `ABS AVERAGE_POOL_2D BITCAST BUCKETIZE CAST CEIL COMPLEX_ABS COS DENSIFY DEPTH_TO_SPACE DEQUANTIZE ELU EXP
    FAKE_QUANT FLOOR GELU HARD_SWISH IMAG L2_NORMALIZATION L2_POOL_2D LEAKY_RELU LOCAL_RESPONSE_NORMALIZATION LOG
    LOGICAL_NOT LOGISTIC LOG_SOFTMAX MATRIX_DIAG MAX_POOL_2D NEG QUANTIZE RANK REAL RELU RELU6 RELU_0_TO_1 RELU_N1_TO_1
    ROUND RSQRT SHAPE SIGN SIN SOFTMAX SPACE_TO_DEPTH SQRT SQUARE SQUEEZE TANH WHERE ZEROS_LIKE`,
  xx: `ADD ARG_MAX ARG_MIN ATAN2 BATCH_MATMUL BITWISE_XOR BROADCAST_ARGS BROADCAST_TO CUMSUM DIV EMBEDDING_LOOKUP EQUAL
    EXPAND_DIMS FILL FLOOR_DIV FLOOR_MOD GATHER GATHER_ND GREATER GREATER_EQUAL LESS LESS_EQUAL LOGICAL_AND LOGICAL_OR
    MATRIX_SET_DIAG MAXIMUM MEAN MINIMUM MIRROR_PAD MUL NOT_EQUAL PAD POW PRELU REDUCE_ALL REDUCE_ANY REDUCE_MAX
    REDUCE_MIN REDUCE_PROD RESIZE_BILINEAR RESIZE_NEAREST_NEIGHBOR REVERSE_SEQUENCE REVERSE_V2 RIGHT_SHIFT SEGMENT_SUM
    SQUARED_DIFFERENCE SUB SUM TILE TRANSPOSE`,
  'xx>2': 'TOPK_V2',
  'x>2': 'UNIQUE',
  'x?': 'RESHAPE',
  'xx?': 'CONV_2D CONV_3D DEPTHWISE_CONV_2D FULLY_CONNECTED RMS_NORM',
  'xxx?': 'CONV_3D_TRANSPOSE TRANSPOSE_CONV',
  xxx: `BATCH_TO_SPACE_ND DYNAMIC_UPDATE_SLICE INSTANCE_NORM PADV2 RANGE ROPE SCATTER_ND SELECT SELECT_V2 SLICE
    SPACE_TO_BATCH_ND UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_MIN UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_SUM`,
  xxxx: 'ONE_HOT SPARSE_TO_DENSE STRIDED_SLICE',
  'xxxxx>2': 'NON_MAX_SUPPRESSION_V4',
  'xxxxxx>3': 'NON_MAX_SUPPRESSION_V5',
  xxxxxxxxxxx: 'ATTENTION',
  '+': 'ADD_N CONCATENATION PACK',
  '+>+': 'IF',
  'xx>+': 'SPLIT',
  'xxx>+': 'SPLIT_V',
  'x>+': 'UNPACK',
};

export interface Arity {
  inputs: { min: number; max: number };
  outputs: { min: number; max: number };
  /** Inputs that may be -1. */
  optional: ReadonlySet<number>;
}

let arities: Map<BuiltinOperator, Arity> | undefined;

/** undefined where it is not known. */
export function arityOf(code: BuiltinOperator): Arity | undefined {
  arities ??= parseAll();
  return arities.get(code);
}

/** On first use: most commands never verify. */
function parseAll(): Map<BuiltinOperator, Arity> {
  const all = new Map<BuiltinOperator, Arity>();
  for (const [word, names] of Object.entries(WORDS))
    for (const name of names.split(/\s+/))
      all.set(BuiltinOperator[name as keyof typeof BuiltinOperator], parse(word));
  return all;
}

function parse(word: string): Arity {
  const [inputs, outputs = '1'] = word.split('>') as [string, string | undefined];
  const letters = [...inputs];
  const any = { min: 1, max: Infinity };
  return {
    inputs:
      inputs === '+' ? any : { min: letters.filter((letter) => letter === 'x').length, max: letters.length },
    outputs: outputs === '+' ? any : { min: Number(outputs), max: Number(outputs) },
    optional: new Set(letters.flatMap((letter, i) => (letter === '?' ? [i] : []))),
  };
}
