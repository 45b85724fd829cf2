/** How a request draws its tokens: what the call says, what the package recommends, and when that counts. */
import { GgmaError } from '../errors.ts';
import type { SamplerOptions } from './engine.ts';
import {
  biasEntries,
  type NumberName,
  numberRows,
  type SamplingDefaults,
  type SamplingNumbers,
  type SamplingOptions,
} from './options/index.ts';

/**
 * How tokens are drawn, as a request holds it: plain JSON, nothing left to fill in. The seed is there wherever something
 * is drawn at random, and only there.
 */
export interface RequestSampling extends Required<Omit<SamplingNumbers, 'seed'>> {
  readonly seed?: number;
  readonly logitBias: readonly (readonly [id: number, bias: number])[];
}

/**
 * What checked options ask for; null: the most likely token of the bare logits. A call that draws at random gets from
 * the package what it does not say itself; one that does not is not touched by the package.
 * @throws GgmaError OPTION for a seed where nothing is drawn
 */
export function resolveSampling(
  options: SamplingOptions,
  defaults: SamplingDefaults,
): Readonly<RequestSampling> | null {
  const rows = numberRows();
  const filters = rows.filter(([, { acts }]) => acts === 'filter').map(([name]) => name);
  const { temperature, seed } = options;
  const draws =
    temperature === undefined ? filters.some((name) => options[name] !== undefined) : temperature > 0;
  // Beside an explicit temperature of 0 a seed changes nothing either, but programs that always send both mean that.
  if (seed !== undefined && !draws && temperature === undefined)
    throw new GgmaError(
      'OPTION',
      `expected one of temperature, ${filters.join(', ')} beside seed, got none: without them nothing is drawn at random, and a seed has no effect`,
      { path: 'seed' },
    );
  const recommended: SamplingNumbers = draws ? defaults : {};
  const numbers: Partial<Record<NumberName, number>> = {};
  for (const [name, { acts, default: neutral }] of rows) {
    const counts = draws || acts === 'logits';
    const value = (counts ? (options[name] ?? recommended[name]) : undefined) ?? neutral;
    if (value !== undefined) numbers[name] = value;
  }
  const logitBias = resolveBias(options.logitBias);
  const adjusts = rows.some(([name, row]) => row.acts === 'logits' && numbers[name] !== row.default);
  if (!draws && !adjusts && logitBias.length === 0) return null;
  return Object.freeze({
    ...(numbers as Required<SamplingNumbers>),
    temperature: draws ? (numbers.temperature ?? 1) : 0,
    ...(draws ? { seed: seed ?? Math.floor(Math.random() * Number.MAX_SAFE_INTEGER) } : {}),
    logitBias,
  });
}

/** JSON has no infinity. The float32 that the engine gets makes −Infinity of the lowest number again. */
function resolveBias(bias: SamplingOptions['logitBias']): RequestSampling['logitBias'] {
  const entries = biasEntries(bias ?? {}).map(
    ([id, value]): [number, number] =>
      Object.freeze([Number(id), Math.max(Number(value), -Number.MAX_VALUE)]) as [number, number],
  );
  return Object.freeze(entries);
}

/** For the engine. @param promptIds what the penalties count beside the tokens that are drawn */
export function samplerOptions(
  { logitBias, ...numbers }: RequestSampling,
  promptIds: Int32Array,
): SamplerOptions {
  return {
    ...numbers,
    biasIds: Int32Array.from(logitBias, ([id]) => id),
    biasValues: Float32Array.from(logitBias, ([, value]) => value),
    promptIds,
  };
}
