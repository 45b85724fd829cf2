import assert from 'node:assert/strict';
import {
  anyModel,
  callback,
  checkOptions,
  choice,
  type FilledOptions,
  fillOptions,
  flag,
  integer,
  isNumberRule,
  number,
  type OptionsOf,
  type OptionTable,
  option,
  ruleOf,
  texts,
} from '../../../lib/options/index.ts';
import { loadOptions } from '../../../lib/package/index.ts';
import { generateOptions, samplingOptions, scoreOptions } from '../../../lib/runtime/index.ts';
import { code } from '../../support/fake-model.ts';

const table = {
  size: option({ rule: integer(1, 9), default: 3 }),
  share: option({ rule: number(0, 1) }),
  mode: option({ rule: choice('fast', 'exact'), default: 'exact' }),
  id: option({ rule: ({ vocabSize }) => integer(0, vocabSize - 1) }),
  on: option({ rule: flag, default: false }),
  told: option({ rule: callback<(size: number) => void>('(size: number) => void') }),
};

describe('options/option', () => {
  it('the types follow from the rows', () => {
    const options: OptionsOf<typeof table> = { size: 2, mode: 'fast', told: (size) => size.toFixed() };
    const filled: FilledOptions<typeof table> = fillOptions(table, options);
    // Types that the rows give: a default makes a value certain.
    const certain: { size: number; mode: 'fast' | 'exact'; on: boolean } = filled;
    const open: number | undefined = filled.share;
    assert.deepEqual(
      [certain.size, certain.mode, certain.on, open, filled.told],
      [2, 'fast', false, undefined, options.told],
    );
    // @ts-expect-error: not a value of the choice
    const wrong: OptionsOf<typeof table> = { mode: 'slow' };
    assert.throws(
      () => checkOptions('f', wrong, table),
      code('OPTION', /'fast' or 'exact' for mode, got "slow"/),
    );
  });

  it('checks each value by its rule, those that depend on the model too, and refuses what it does not know', () => {
    const check = (options: unknown, vocabSize = 10) => checkOptions('f', options, table, { vocabSize });
    check({ size: 9, share: undefined, id: 9 });
    check({});
    const wrong: [unknown, RegExp][] = [
      [{ size: 0 }, /expected an integer from 1 to 9 for size, got 0/],
      [{ size: null }, /size, got null/],
      [{ share: Number.NaN }, /a number from 0 to 1 for share, got NaN/],
      [{ id: 10 }, /an integer from 0 to 9 for id, got 10/],
      [{ told: 5 }, /a function for told, got 5/],
      [{ sise: 1 }, /expected one of size, share, mode, id, on, told for f, got sise/],
      [{ constructor: 1 }, /got constructor/],
      [[], /an object of options for f, got \[\]/],
      [undefined, /an object of options for f, got undefined/],
    ];
    for (const [options, pattern] of wrong) assert.throws(() => check(options), code('OPTION', pattern));
  });

  it('the default of every row is one of its values', () => {
    let defaults = 0;
    const tables: OptionTable[] = [generateOptions, samplingOptions, scoreOptions, loadOptions];
    for (const rows of tables)
      for (const [name, row] of Object.entries(rows)) {
        if (row.default === undefined) continue;
        assert.ok(ruleOf(row, anyModel).holds(row.default), name);
        defaults++;
      }
    assert.ok(defaults > 15, `${defaults}`);
  });

  it('flags and native members are each one option’s, and native ones are numbers', () => {
    const flags: string[] = [];
    const members: string[] = [];
    for (const [name, row] of Object.entries<OptionTable[string]>({ ...generateOptions, ...loadOptions })) {
      if (row.cli !== undefined) flags.push(row.cli.flag ?? name);
      if (row.native === undefined) continue;
      members.push(row.native);
      assert.ok(isNumberRule(ruleOf(row, anyModel)), name);
    }
    for (const list of [flags, members]) assert.equal(new Set(list).size, list.length, `${list}`);
    assert.equal(members.length, 8);
  });

  it('texts are one or several, whole and not empty', () => {
    const rule = texts(5);
    for (const value of ['ab', ['a', 'bcde'], []]) assert.ok(rule.holds(value));
    for (const value of ['', 'abcdef', ['abc', 'def'], ['a', ''], ['\ud83d'], [1], null])
      assert.ok(!rule.holds(value));
  });
});
