/** Scale, zero point and range of a quantized tensor, as rows. */
import type { Value } from '../ir/graph/index.ts';
import type { Row } from './data.ts';

const SHOWN = 8;

export function quantizationRows({ attributes: { quantization } }: Value): Row[] {
  if (!quantization) return [];
  const rows: Row[] = [];
  const add = (label: string, list: ArrayLike<number | bigint> | null) => {
    if (!list || list.length === 0) return;
    const shown = Array.from(list as ArrayLike<number>, String).slice(0, SHOWN);
    const more = list.length > SHOWN ? `, … ${list.length} in all` : '';
    rows.push([label, shown.join(', ') + more]);
  };
  add('scale', quantization.scale);
  add('zero point', quantization.zeroPoint);
  if (rows.length > 0) rows.push(['quantized dimension', String(quantization.quantizedDimension)]);
  add('min', quantization.min);
  add('max', quantization.max);
  return rows;
}
