/** What the native decoder would refuse is refused by the compiler first, in terms of the model. */
import { GgmaError } from '../errors.ts';

/** @throws GgmaError PLAN_UNSUPPORTED */
export function expectAtMost(limit: number, what: string, got: number): void {
  if (got > limit) throw new GgmaError('PLAN_UNSUPPORTED', `expected at most ${limit} ${what}, got ${got}`);
}

/** Kernels take a square root of the mean of squares plus ε. @throws GgmaError PLAN_UNSUPPORTED */
export function expectEpsilon(epsilon: number): number {
  if (!(epsilon >= 0 && Number.isFinite(Math.fround(epsilon))))
    throw new GgmaError('PLAN_UNSUPPORTED', `expected an ε of at least 0 in an RMS norm, got ${epsilon}`);
  return epsilon;
}
