import assert from 'node:assert/strict';
import { Invocation, optionSpecs, readOptions, UsageError } from '../../../../lib/cli/common/index.ts';
import { choice, flag, integer, option } from '../../../../lib/options/index.ts';
import { generateOptions, samplingOptions } from '../../../../lib/runtime/index.ts';
import { fakeStreams } from '../../../support/fake-streams.ts';

const invocation = (values: Record<string, unknown>) => new Invocation(values, [], fakeStreams());

describe('cli/common/options', () => {
  it('every row with a cli is an option of the command', () => {
    const specs = optionSpecs(generateOptions, { 'top-k': 'default: 40' });
    for (const [name, { cli }] of Object.entries(generateOptions)) {
      const flagName = cli?.flag ?? name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      if (cli === undefined) continue;
      assert.ok(specs[flagName]?.help.startsWith(cli.help), flagName);
    }
    assert.deepEqual(specs['max-tokens'], {
      type: 'string',
      short: 'n',
      value: 'N',
      help: 'tokens to generate',
    });
    assert.equal(specs['top-k']!.help, 'draw among the K most likely tokens (default: 40)');
    assert.deepEqual([specs['ignore-eos']!.type, specs.stop!.multiple], ['boolean', true]);
    assert.equal(specs.signal, undefined);
  });

  it('reads what was given, by the rule of its row', () => {
    const read = readOptions(
      invocation({ 'top-k': '5', temperature: '.5', stop: ['a', 'b'], 'ignore-eos': true, logprobs: '2' }),
      generateOptions,
    );
    assert.deepEqual(read, { topK: 5, temperature: 0.5, stop: ['a', 'b'], ignoreEos: true, topLogprobs: 2 });
    assert.deepEqual(readOptions(invocation({}), generateOptions), {});
    for (const [values, pattern] of [
      [{ 'top-k': '1.5' }, /an integer from 0 to 2147483647 for --top-k, got "1.5"/],
      [{ 'min-p': '2' }, /a number from 0 to 1 for --min-p, got "2"/],
      [{ seed: 'x' }, /--seed, got "x"/],
    ] as const)
      assert.throws(
        () => readOptions(invocation(values), samplingOptions),
        (error) => error instanceof UsageError && pattern.test(error.message),
      );
  });

  it('a new row is an option at once, of the kinds that a command line can say', () => {
    const table = {
      newOption: option({ rule: integer(0, 9), cli: { value: 'N', help: 'what it does' } }),
      quiet: option({ rule: flag, cli: { flag: 'hush', short: 'q', help: 'say less' } }),
    };
    assert.deepEqual(optionSpecs(table), {
      'new-option': { type: 'string', value: 'N', help: 'what it does' },
      hush: { type: 'boolean', short: 'q', help: 'say less' },
    });
    assert.deepEqual(readOptions(invocation({ 'new-option': '7', hush: true }), table), {
      newOption: 7,
      quiet: true,
    });
    const other = { mode: option({ rule: choice('a', 'b'), cli: { help: 'which' } }) };
    assert.throws(
      () => readOptions(invocation({}), other),
      /a number, a flag or texts for the option --mode/,
    );
  });
});
