/** Matrix products. Sums run in double precision in both precisions; f32 rounds what is stored. */
import { elementCount } from '../graph/index.ts';
import { sourceIndices } from './elementwise.ts';
import { connectedShape, matmulShape } from './shape-rules.ts';
import { floats, floatTensor, type Precision, type Tensor } from './tensor.ts';

/** x [..., in] · weight [out, in]ᵀ + bias [out] → [..., out] */
export function fullyConnected(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  keepNumDims: boolean,
  precision: Precision,
): Tensor {
  const out = floatTensor(connectedShape(x.shape, weight.shape, keepNumDims), precision);
  const [rows, matrix, offsets] = [floats(x), floats(weight), bias && floats(bias)];
  const [width, depth] = weight.shape.slice(-2) as [number, number];
  for (let row = 0; row < rows.length / depth; row++) {
    for (let o = 0; o < width; o++) {
      let sum = offsets?.[o] ?? 0;
      for (let k = 0; k < depth; k++) sum += rows[row * depth + k]! * matrix[o * depth + k]!;
      out.data[row * width + o] = sum;
    }
  }
  return out;
}

/** lhs [..., M, K] · rhs [..., K, N] → [..., M, N]; an adjoint side is given with its last two axes swapped. */
export function batchMatmul(
  lhs: Tensor,
  rhs: Tensor,
  adjointLhs: boolean,
  adjointRhs: boolean,
  precision: Precision,
): Tensor {
  const out = floatTensor(matmulShape(lhs.shape, rhs.shape, adjointLhs, adjointRhs), precision);
  const [a, b] = [floats(lhs), floats(rhs)];
  const [m, n] = out.shape.slice(-2) as [number, number];
  const k = lhs.shape.at(adjointLhs ? -2 : -1)!;
  const batch = out.shape.slice(0, -2);
  const fromLeft = sourceIndices(lhs.shape.slice(0, -2), batch);
  const fromRight = sourceIndices(rhs.shape.slice(0, -2), batch);
  const [leftRow, leftCol] = adjointLhs ? [1, m] : [k, 1];
  const [rightRow, rightCol] = adjointRhs ? [1, k] : [n, 1];
  for (let matrix = 0; matrix < elementCount(batch); matrix++) {
    const left = (fromLeft ? fromLeft[matrix]! : matrix) * m * k;
    const right = (fromRight ? fromRight[matrix]! : matrix) * k * n;
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let t = 0; t < k; t++)
          sum += a[left + i * leftRow + t * leftCol]! * b[right + t * rightRow + j * rightCol]!;
        out.data[(matrix * m + i) * n + j] = sum;
      }
    }
  }
  return out;
}
