/** The options that say how tokens are drawn, for every command that generates. The library has the same by name. */
import type { GenerateOptions } from '../../runtime/index.ts';
import type { Invocation, OptionSpec } from './command.ts';

export const samplingSpec: Record<string, OptionSpec> = {
  temperature: {
    type: 'string',
    value: 'T',
    help: 'draw at random; higher is wilder (default: 0, or 1 with the next three)',
  },
  'top-k': { type: 'string', value: 'K', help: 'draw among the K most likely tokens' },
  'top-p': {
    type: 'string',
    value: 'P',
    help: 'draw among the most likely tokens with probability P together',
  },
  'min-p': {
    type: 'string',
    value: 'P',
    help: 'draw among tokens with P times the highest probability or more',
  },
  'repeat-penalty': { type: 'string', value: 'R', help: 'make tokens that occurred less likely (1: off)' },
  'presence-penalty': {
    type: 'string',
    value: 'X',
    help: 'take X off the logits of tokens that were generated',
  },
  'frequency-penalty': { type: 'string', value: 'X', help: 'take X off the logits for each time they were' },
  seed: { type: 'string', value: 'N', help: 'draw the same tokens as another run with N (--json names it)' },
};

/** What was given of them, and --logprobs. @throws UsageError; the library knows the finer rules */
export function readSampling(invocation: Invocation): GenerateOptions {
  const values = {
    temperature: invocation.number('temperature', 0, 100),
    topK: invocation.integer('top-k', 0, 2 ** 31 - 1),
    topP: invocation.number('top-p', 0, 1),
    minP: invocation.number('min-p', 0, 1),
    repeatPenalty: invocation.number('repeat-penalty', 0.01, 100),
    presencePenalty: invocation.number('presence-penalty', -100, 100),
    frequencyPenalty: invocation.number('frequency-penalty', -100, 100),
    seed: invocation.integer('seed', 0, Number.MAX_SAFE_INTEGER),
    logprobs: invocation.integer('logprobs', 0, 20),
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
