import assert from 'node:assert/strict';
import { createSampler } from '../../../../lib/native.ts';
import { anyModel, flag, isNumberRule, option, ruleOf } from '../../../../lib/options/index.ts';
import { samplingOptions } from '../../../../lib/runtime/index.ts';
import { samplingHeader } from '../../../../scripts/native-headers/sampling.ts';
import { code } from '../../../support/fake-model.ts';

describe('scripts/native-headers/sampling', () => {
  it('every row with a native member is read by the addon, in the range of its rule', () => {
    let read = 0;
    for (const [name, row] of Object.entries(samplingOptions)) {
      if (row.native === undefined) continue;
      const rule = ruleOf<unknown>(row, anyModel);
      assert.ok(isNumberRule(rule));
      const word = rule.kind === 'integer' ? 'an integer' : 'a number';
      for (const value of [rule.min, rule.max]) createSampler(8, { [name]: value });
      const beyond = rule.max === Number.MAX_SAFE_INTEGER ? 2 ** 53 : rule.max + 1;
      for (const value of [rule.min - 1, beyond, Number.NaN, '1', ...(rule.kind === 'integer' ? [0.5] : [])])
        assert.throws(
          () => createSampler(8, { [name]: value }),
          code('OPTION', new RegExp(`^expected ${word} from .* for ${name}$`)),
          `${name}: ${value}`,
        );
      read++;
    }
    assert.equal(read, 8);
  });

  it('sets the member of its row: each one changes what the next token is drawn from', () => {
    const logits = Float32Array.of(3, 2, 1, 0.5);
    const generatedIds = Int32Array.of(0, 0);
    const drawn = (options: object) => [
      ...createSampler(4, { generatedIds, ...options }).probabilities(logits),
    ];
    const neutral = drawn({});
    const known: Record<string, (probabilities: number[]) => boolean> = {
      temperature: ([first]) => first! < neutral[0]!,
      topK: (all) => all.filter((p) => p > 0).length === 2,
      topP: (all) => all.filter((p) => p > 0).length === 2,
      minP: (all) => all.filter((p) => p > 0).length === 2,
      repeatPenalty: ([first]) => first! < neutral[0]!,
      presencePenalty: ([first]) => first! < neutral[0]!,
      frequencyPenalty: ([first]) => first! < neutral[0]!,
    };
    const values = { temperature: 2, topK: 2, topP: 0.7, minP: 0.2 };
    for (const [name, holds] of Object.entries(known)) {
      const value = (values as Record<string, number>)[name] ?? 1.5;
      assert.ok(holds(drawn({ [name]: value })), `${name}: ${drawn({ [name]: value })}`);
    }
    const twice = drawn({ frequencyPenalty: 0.5 });
    assert.deepEqual(twice, drawn({ presencePenalty: 1 }), 'twice 0.5, and once 1');
  });

  it('a new row is a line of the header; one that is no number is refused', () => {
    const row = { rule: { ...ruleOf(samplingOptions.minP, anyModel) }, native: 'filters.typical_p' };
    assert.match(
      samplingHeader({ typicalP: row }),
      /^ {2}row\("typicalP", options\.filters\.typical_p, false, 0, 1\);$/m,
    );
    assert.throws(
      () => samplingHeader({ odd: option({ rule: flag, native: 'odd' }) }),
      /a number for the option odd, .* got flag/,
    );
  });
});
