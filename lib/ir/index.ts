/** Model ⇄ graph of objects. */
export { type Attention, type AttentionMatch, findAttention } from './attention.ts';
export { Graph, Module, Op, type Signature, Value } from './graph.ts';
export { lift } from './lift.ts';
export { lower } from './lower.ts';
