/** Whether a model means something: what the file format cannot say by itself. */
import { GgmaError } from '../../errors.ts';
import type { Model } from '../index.ts';
import { checkDataflow } from './dataflow.ts';
import { FINDINGS, type Finding, type Report, stopsFilters } from './findings.ts';
import { checkOperators } from './operators.ts';
import { checkReferences } from './references.ts';
import { checkSignatures } from './signatures.ts';
import { checkSubgraphs } from './subgraphs.ts';
import { checkTensors } from './tensors.ts';

export { hasData } from './dataflow.ts';
export { FINDINGS, type Finding, type FindingCode, stopsFilters } from './findings.ts';
export { subgraphFieldsIn } from './references.ts';

export interface Verification {
  /** In the order of the checks; at most `limit`. */
  findings: Finding[];
  /** How many there are, those beyond the limit included. */
  errors: number;
  warnings: number;
}

/** Findings kept: a broken file can have as many as it has numbers. */
const LIMIT = 1000;

const ALL = [
  checkReferences,
  checkDataflow,
  checkSubgraphs,
  checkOperators,
  checkTensors,
  checkSignatures,
] as const;

/**
 * Everything that is wrong with a model. Never throws for a model that `readModel` gave; takes time in proportion to
 * the model's lists. Reads the data of STRING tensors only.
 */
export function verifyModel(model: Model, limit = LIMIT): Verification {
  const result: Verification = { findings: [], errors: 0, warnings: 0 };
  const report: Report = (code, path, message) => {
    const { level } = FINDINGS[code];
    if (level === 'error') result.errors++;
    else result.warnings++;
    if (result.findings.length < limit) result.findings.push({ code, level, path, message });
  };
  for (const check of ALL) check(model, report);
  return result;
}

/**
 * The part that filters need: every index leads somewhere, every tensor has one producer, operators stand in order.
 * @throws GgmaError CIRCLE_INVALID for the first error
 */
export function requireSound(model: Model): void {
  const refuse: Report = (code, path, message) => {
    if (stopsFilters(code)) throw new GgmaError('CIRCLE_INVALID', `${code}: ${message}`, { path });
  };
  checkReferences(model, refuse);
  checkDataflow(model, refuse);
}

/**
 * What the run time needs: a model without errors.
 * @throws GgmaError CIRCLE_INVALID for the first error
 */
export function requireValid(model: Model): void {
  const refuse: Report = (code, path, message) => {
    if (FINDINGS[code].level === 'error')
      throw new GgmaError('CIRCLE_INVALID', `${code}: ${message}`, { path });
  };
  for (const check of ALL) check(model, refuse);
}
