/** Filters: the registry, what a filter is made of, and the filters as functions. */
export * from './functions.ts';
export {
  type Filter,
  type Outcome,
  outcomeLines,
  type Pass,
  type Source,
  STANDARD_INPUT,
  simpleFilter,
} from './pass.ts';
export { quantizeModule } from './quantize.ts';
export { findPass, passes } from './registry.ts';
