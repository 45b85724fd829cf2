/** The graph of objects: Model ⇄ Module, edits, and what an operator depends on. */
export { bytesOf, elementCount, floatsOf, intsOf, isDense, scalarOf } from './constants.ts';
export { liveOps, removeDeadFrom } from './dead.ts';
export { Depends, dependence, type InputRoles, inputRoles } from './dependence.ts';
export {
  addConstant,
  addValue,
  dropInputs,
  dropOutputs,
  insertOps,
  makeOp,
  type OpOptions,
  removeOps,
  replaceUses,
  setInput,
  takeOutput,
  uniqueName,
} from './edit.ts';
export { Graph, Module, Op, type Signature, type SignaturePort, Value } from './graph.ts';
export { graphReferences, lift } from './lift.ts';
export { lower } from './lower.ts';
