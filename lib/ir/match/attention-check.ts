/** What must hold of a matched block as a whole before the descriptor may stand for it. */
import { BuiltinOperator } from '../../circle/index.ts';
import type { Graph, Op, Value } from '../graph/index.ts';
import { Depends, elementCount } from '../graph/index.ts';
import type { Attention, AttentionBlock } from './attention.ts';
import { fail } from './attention-view.ts';
import type { Rows } from './rows.ts';

/** One row of scores per head for each row: RESHAPEs on the way must not have dealt the numbers out otherwise. */
export function checkSizes(block: AttentionBlock, softmax: Op, keys: Value, values: Value, rows: Rows): void {
  const { heads } = block;
  const [columns, scores] = [keys.shape.at(-2)!, softmax.input(0)!.shape];
  if (values.shape.at(-2) !== columns) fail('key and value caches differ in rows', softmax);
  if (scores.at(-1) !== columns || elementCount(scores) !== heads * columns * rows.count)
    fail(`SOFTMAX runs over [${scores.join(', ')}], not ${heads} heads by ${columns} rows`, softmax);
  checkWeights(block, softmax, rows);
}

/** Each projection as large as heads and hidden state say. */
export function checkWeights(block: AttentionBlock, op: Op, rows: Rows): void {
  const { heads, kvHeads, headDim, hidden } = block;
  const width = hidden.shape.at(-1)!;
  if (rows.widthOf(hidden) !== width) fail('the hidden state is more than one token', op);
  const wanted: [Value, number, number][] = [
    [block.q.weight, heads * headDim, width],
    [block.k.weight, kvHeads * headDim, width],
    [block.v.weight, kvHeads * headDim, width],
    [block.o.weight, block.output.shape.at(-1)!, heads * headDim],
  ];
  for (const [weight, rows, cols] of wanted) {
    if (String(weight.shape) !== String([rows, cols]))
      fail(`'${weight.name}' is [${weight.shape.join(', ')}], not [${rows}, ${cols}]`, op);
  }
}

/** [1, rows, kv_heads, head_dim], or with heads first where the filters have not yet declared them otherwise. */
export function checkCaches({ keyCache, valueCache, kvHeads, headDim }: Attention, op: Op): void {
  for (const { name, shape } of [keyCache, valueCache]) {
    const fits = shape.length === 4 && shape[0] === 1 && shape[3] === headDim;
    if (!fits || (shape[2] !== kvHeads && shape[1] !== kvHeads))
      fail(`'${name}' is [${shape.join(', ')}], not [1, rows, ${kvHeads}, ${headDim}]`, op);
  }
  if (String(keyCache.shape) !== String(valueCache.shape)) fail('key and value caches differ in shape', op);
}

/**
 * Nothing outside may read a token's value from inside the block, but for the appended caches as graph outputs.
 * Values of the position alone (cos, sin, mask) may be shared: they stay where others use them.
 */
export function refuseOutsideUses(block: Attention, graph: Graph, depends: Map<Value, number>): void {
  for (const op of block.ops) {
    for (const value of op.outputs) {
      if (!value || value === block.output || ((depends.get(value) ?? 0) & ~Depends.position) === 0) continue;
      const stranger = value.users.find((user) => !block.ops.has(user));
      if (stranger)
        fail(`'${value.name}' inside the block is also read by ${BuiltinOperator[stranger.code]}`, stranger);
      if (graph.outputs.includes(value) && !block.appended.includes(value))
        fail(`'${value.name}' inside the block is a graph output`, op);
    }
  }
}
