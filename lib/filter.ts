/**
 * ggma/filter: what a filter of one's own is made of. docs/filters.md shows one, examples/filter another.
 *
 *     const filter = simpleFilter('my.filter', 'say what it does', (module) => ({ changed, candidates, what, reasons }));
 *     await runFilter(filter);
 */
export { BuiltinOperator, BuiltinOptions, TensorType } from './circle/index.ts';
export { runFilter } from './cli/own-filter.ts';
export { GgmaError } from './errors.ts';
export type { Graph, Module, Op, Signature, Value } from './ir/graph/index.ts';
export {
  addConstant,
  addValue,
  bytesOf,
  floatsOf,
  insertOps,
  intsOf,
  makeOp,
  type OpOptions,
  removeDeadFrom,
  removeOps,
  replaceUses,
  scalarOf,
  setInput,
  takeOutput,
  uniqueName,
} from './ir/graph/index.ts';
export { optionsOf } from './ir/match/index.ts';
export { type Filter, type Outcome, simpleFilter } from './passes/index.ts';
