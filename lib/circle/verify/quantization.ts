/** Quantisation parameters: one value for the tensor, or one for each slice along an axis. */
import type { BlockwiseQuantization, MXQuantization, Tensor } from '../index.ts';
import { QuantizationDetails } from '../schema/generated/enums.ts';
import type { Report } from './findings.ts';

export function checkQuantization(tensor: Tensor, tensors: number, path: string, report: Report): void {
  const { quantization } = tensor;
  if (!quantization) return;
  const shape = tensor.shape ?? [];
  const wrong = (field: string, message: string) => {
    report('QUANTIZATION', `${path}.quantization.${field}`, message);
  };
  const scales = quantization.scale?.length ?? 0;
  const zeros = quantization.zeroPoint?.length ?? 0;
  const axis = quantization.quantizedDimension;
  if (zeros > 0 && zeros !== scales)
    wrong('zero_point', `expected ${scales}, one for each scale, got ${zeros}`);
  const inRange = (dim: number) => dim >= 0 && dim < Math.max(shape.length, 1);
  if (scales > 1 && !inRange(axis))
    wrong('quantized_dimension', `expected one of ${shape.length} dimensions, got ${axis}`);
  else if (scales > 1 && scales !== shape[axis])
    wrong('scale', `expected 1 or ${shape[axis]}, the length of dimension ${axis}, got ${scales}`);
  // The type may be there without a table.
  if (quantization.details === null) return;
  if (quantization.detailsType === QuantizationDetails.BlockwiseQuantization) {
    const details = quantization.details as BlockwiseQuantization;
    // -1 stands for "no zero points".
    if (details.scales < 0 || details.scales >= tensors)
      wrong('details.scales', `expected one of ${tensors} tensors, got ${details.scales}`);
    if (details.zeroPoints < -1 || details.zeroPoints >= tensors)
      wrong('details.zero_points', `expected one of ${tensors} tensors or -1, got ${details.zeroPoints}`);
    if (details.blockSize < 1) wrong('details.block_size', `expected at least 1, got ${details.blockSize}`);
  } else if (quantization.detailsType === QuantizationDetails.MXQuantization) {
    const dim = (quantization.details as MXQuantization).axis;
    const normal = dim < 0 ? dim + shape.length : dim;
    if (!inRange(normal)) wrong('details.axis', `expected one of ${shape.length} dimensions, got ${dim}`);
  }
}
