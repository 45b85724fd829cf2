/**
 * ggma/filter: what a filter of one's own is made of. docs/filters.md shows one, examples/filter another.
 *
 *     const filter = simpleFilter('my.filter', 'say what it does', (module) => ({ changed, candidates, what, reasons }));
 *     await runFilter(filter);
 */
export { BuiltinOperator, BuiltinOptions, TensorType } from './circle/index.ts';
export { runFilter } from './cli/own-filter.ts';
export { GgmaError } from './errors.ts';
export { bytesOf, floatsOf, intsOf, scalarOf } from './ir/constants.ts';
export { removeDeadFrom } from './ir/dead.ts';
export {
  addConstant,
  addValue,
  insertOps,
  makeOp,
  type OpOptions,
  removeOps,
  replaceUses,
  setInput,
  takeOutput,
  uniqueName,
} from './ir/edit.ts';
export type { Graph, Module, Op, Signature, Value } from './ir/graph.ts';
export { optionsOf } from './ir/pattern.ts';
export { type Filter, type Outcome, simpleFilter } from './passes/pass.ts';
