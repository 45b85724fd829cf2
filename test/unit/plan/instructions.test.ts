import assert from 'node:assert/strict';
import { dtypes, HEADER_WORDS, header, outputs, recordBytes } from '../../../lib/plan/format.ts';
import { instructions } from '../../../lib/plan/instructions.ts';
import { operandsOf, replaceSources, type Step, sourcesOf } from '../../../lib/plan/program.ts';

const isDistinct = (list: readonly unknown[]): boolean => new Set(list).size === list.length;

describe('plan/instructions', () => {
  it('gives each instruction, dtype and output a number of its own', () => {
    const numbers = Object.values(instructions).map(({ number }) => number);
    assert.ok(isDistinct(numbers) && numbers.every((number) => number > 0));
    // Numbers from 0 without a gap, because the C++ side has their names in arrays.
    for (const list of [Object.values(dtypes).map(({ number }) => number), Object.values(outputs)])
      assert.deepEqual(
        list,
        list.map((_, i) => i),
      );
  });

  it('has operand names that C++ can tell apart and that are not numbers, which objects would put first', () => {
    for (const [name, { operands }] of Object.entries(instructions))
      for (const operand of Object.keys(operands)) {
        assert.match(operand, /^[a-z][a-zA-Z]*$/, name);
        assert.notEqual(operand, 'dst', name);
      }
  });

  it('has two words of the header for each section, and one for each other entry', () => {
    const words = Object.entries(header).flatMap(([name, place]) =>
      name in recordBytes ? [place, place + 1] : [place],
    );
    assert.ok(isDistinct(words) && Math.max(...words) < HEADER_WORDS);
    for (const bytes of Object.values(recordBytes)) assert.equal(bytes % 4, 0);
  });
});

describe('plan/program', () => {
  const [a, b, c] = [{ width: 1 }, { width: 2 }, { width: 3 }];
  const step: Step = {
    opcode: 'siluMul',
    dst: c,
    operands: { gate: a, up: b },
    wantedRows: false,
    origin: null,
  };

  it('lists operands in the order of the table, whatever the order of the object is', () => {
    const turned: Step = { ...step, operands: { up: b, gate: a } };
    assert.deepEqual(
      operandsOf(turned).map(({ name, value }) => [name, value]),
      [
        ['gate', a],
        ['up', b],
      ],
    );
    assert.deepEqual(sourcesOf(turned), [a, b]);
  });

  it('makes a step read other slots', () => {
    const other: Step = { ...step, operands: { gate: a, up: b } };
    replaceSources(other, (source) => (source === b ? c : source));
    assert.deepEqual(sourcesOf(other), [a, c]);
  });
});
