/** The registry: every filter, in the order in which help and documentation list them. */
import { downcastInputIds } from './downcast.input_ids.ts';
import { fuseAttention } from './fuse.attention.ts';
import { fuseBmmLhsConst } from './fuse.bmm_lhs_const.ts';
import { gc } from './gc.ts';
import { mergeCircles } from './merge.circles.ts';
import type { Pass } from './pass.ts';
import { quantize } from './quantize.ts';
import { removeIo } from './remove.io.ts';
import { renameIoRemovePrefix } from './rename.io.remove_prefix.ts';
import { reorderOutputMove0ToLast } from './reorder.output.move_0_to_last.ts';
import { reshapeFcWeight } from './reshape.fc_weight.ts';
import { reshapeIo } from './reshape.io.ts';
import { selectOp } from './select.op.ts';
import { transposeIoKvcache } from './transpose.io.kvcache.ts';

export const passes: readonly Pass[] = [
  fuseAttention,
  reshapeIo,
  transposeIoKvcache,
  mergeCircles,
  fuseBmmLhsConst,
  downcastInputIds,
  gc,
  quantize,
  removeIo,
  renameIoRemovePrefix,
  reorderOutputMove0ToLast,
  reshapeFcWeight,
  selectOp,
];

export function findPass(name: string): Pass | undefined {
  return passes.find((pass) => pass.name === name);
}
