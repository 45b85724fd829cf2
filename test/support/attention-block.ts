/**
 * One layer of a decode graph as the reference exporter writes it, small: hidden_size 8, 4 query heads of 4 over 2 kv
 * heads, 3 cached rows, a mask of 5 columns. Exact at cache_position 3, like the exporter's at 30.
 */
import { type TextGraph, textGraph } from './text-graph.ts';

const LINES = `
input ids i64[1,1]
input past_k f32[1,2,3,4]
input past_v f32[1,2,3,4]
input cache_position i64[1]
const table f32[10,8] = random 1
const wq f32[16,8] = random 2
const wk f32[8,8] = random 3
const wv f32[8,8] = random 4
const wo f32[8,16] = random 5
const freq f32[1,2,1] = 1 0.1
const columns i64[5] = 0 1 2 3 4
const fill f32[1,5] = -3e38 -3e38 -3e38 -3e38 -3e38
hidden = GATHER(table, ids)

p3 = RESHAPE(cache_position, [1,1,1])
pf = CAST(p3) inDataType=i64 outDataType=f32
product = BATCH_MATMUL(freq, pf)
angles = TRANSPOSE(product, [0,2,1])
both = CONCATENATION(angles, angles) axis=-1
c = COS(both)
s = SIN(both)
cos = MUL(c, 1.0)
sin = MUL(s, 1.0)

p2 = RESHAPE(cache_position, [1,1])
later = GREATER(columns, p2)
is_later = CAST(later) inDataType=bool outDataType=f32
mask = MUL(fill, is_later)

q = FULLY_CONNECTED(hidden, wq, -)
q4 = RESHAPE(q, [1,1,4,4])
qh = TRANSPOSE(q4, [0,2,1,3])
k = FULLY_CONNECTED(hidden, wk, -)
k4 = RESHAPE(k, [1,1,2,4])
kh = TRANSPOSE(k4, [0,2,1,3])
v = FULLY_CONNECTED(hidden, wv, -)
v4 = RESHAPE(v, [1,1,2,4])
vh = TRANSPOSE(v4, [0,2,1,3])
cos4 = RESHAPE(cos, [1,1,1,4])
sin4 = RESHAPE(sin, [1,1,1,4])
q_cos = MUL(qh, cos4)
q_low = STRIDED_SLICE(qh, [0,0,0,0], [1,4,1,2], [1,1,1,1])
q_high = STRIDED_SLICE(qh, [0,0,0,2], [1,4,1,4], [1,1,1,1])
q_neg = NEG(q_high)
q_half = CONCATENATION(q_neg, q_low) axis=-1
q_sin = MUL(q_half, sin4)
q_rot = ADD(q_cos, q_sin)
k_cos = MUL(kh, cos4)
k_low = STRIDED_SLICE(kh, [0,0,0,0], [1,2,1,2], [1,1,1,1])
k_high = STRIDED_SLICE(kh, [0,0,0,2], [1,2,1,4], [1,1,1,1])
k_neg = NEG(k_high)
k_half = CONCATENATION(k_neg, k_low) axis=-1
k_sin = MUL(k_half, sin4)
k_rot = ADD(k_cos, k_sin)

keys = CONCATENATION(past_k, k_rot) axis=-2
values = CONCATENATION(past_v, vh) axis=-2
keys5 = RESHAPE(keys, [1,2,1,4,4])
keys_groups = BROADCAST_TO(keys5, [1,2,2,4,4])
keys_all = RESHAPE(keys_groups, [1,4,4,4])
values5 = RESHAPE(values, [1,2,1,4,4])
values_groups = BROADCAST_TO(values5, [1,2,2,4,4])
values_all = RESHAPE(values_groups, [4,4,4])

q_scaled = MUL(q_rot, 0.7071067811865476)
keys_t = TRANSPOSE(keys_all, [0,1,3,2])
k_scaled = MUL(keys_t, 0.7071067811865476)
q_flat = RESHAPE(q_scaled, [4,1,4])
k_flat = RESHAPE(k_scaled, [4,4,4])
scores3 = BATCH_MATMUL(q_flat, k_flat)
scores = RESHAPE(scores3, [1,4,1,4])
mask4 = RESHAPE(mask, [1,1,1,5])
mask_cut = STRIDED_SLICE(mask4, [0,0,0,0], [1,1,1,4], [1,1,1,1])
masked = ADD(scores, mask_cut)
weights = SOFTMAX(masked)
weights3 = RESHAPE(weights, [4,1,4])
context3 = BATCH_MATMUL(weights3, values_all)
context4 = RESHAPE(context3, [1,4,1,4])
context_rows = TRANSPOSE(context4, [0,2,1,3])
context = RESHAPE(context_rows, [1,1,16])
attended = FULLY_CONNECTED(context, wo, -)
logits = ADD(hidden, attended)
output logits
output keys
output values
`;

/**
 * The block, with changes: a key is the start of a line (`q_rot =`, `const wq`, `output keys`), its text replaces the
 * line; '' takes the line out. What `extra` holds is put at the end.
 */
export function attentionBlock(changes: Record<string, string> = {}, extra = ''): TextGraph {
  const lines = changed(LINES.split('\n'), changes);
  return textGraph(`${lines.join('\n')}\n${extra}`);
}

/** cache_position at which the block is exact: its number of cached rows. */
export const BLOCK_POSITION = 3;

/**
 * A second layer that reads `logits`: text for `extra`. Its names end in _2; weights, cos, sin and mask are those of
 * the first. Changes are named as in `attentionBlock`.
 */
export function secondLayer(changes: Record<string, string> = {}): string {
  const lines = LINES.split('\n');
  const layer = changed(lines, changes).slice(lines.findIndex((line) => line.startsWith('q =')));
  const own = layer
    .flatMap((line) => line.split('\n'))
    .flatMap((line) => /^\s*(\w+) =/.exec(line)?.[1] ?? []);
  const renamed = layer
    .join('\n')
    .replace(/\w+/g, (word) => ([...own, 'past_k', 'past_v'].includes(word) ? `${word}_2` : word))
    .replace(/\bhidden\b/g, 'logits');
  return `input past_k_2 f32[1,2,3,4]\ninput past_v_2 f32[1,2,3,4]\n${renamed}`;
}

function changed(lines: readonly string[], changes: Record<string, string>): string[] {
  const copy = [...lines];
  for (const [start, text] of Object.entries(changes)) {
    const at = copy.findIndex((line) => line.startsWith(`${start} `) || line === start);
    if (at < 0) throw new Error(`no line starts with '${start}'`);
    copy[at] = text;
  }
  return copy;
}

/** The lines of the block, for tests that change them at random. */
export function blockLines(): string[] {
  return LINES.split('\n').filter((line) => line !== '');
}
