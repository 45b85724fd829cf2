/** Random small changes of one line of a text graph: another operand, operator, number, order or an operator more. */
import type { Random } from './mutate.ts';

const BINARY = ['ADD', 'SUB', 'MUL', 'DIV', 'MAXIMUM'];
const UNARY = ['NEG', 'EXP', 'ABS', 'TANH', 'COS', 'SIN', 'SOFTMAX', 'LOGISTIC'];
const AFTER = ['MUL(%, 1.0)', 'NEG(%)', 'MUL(%, 2.0)', 'TANH(%)'];

interface Line {
  output: string;
  operator: string;
  args: string;
  rest: string;
}

type Change = (line: Line, random: Random, earlier: readonly string[]) => Line;

const anotherOperand: Change = (line, random, earlier) => {
  const names = line.args.match(/\b[a-z]\w*\b/g) ?? [];
  if (names.length === 0) return line;
  return {
    ...line,
    args: line.args.replace(new RegExp(`\\b${pick(names, random)}\\b`), pick(earlier, random)),
  };
};

const anotherOperator: Change = (line, random) => {
  const kin = [BINARY, UNARY].find((list) => list.includes(line.operator));
  return kin ? { ...line, operator: pick(kin, random) } : line;
};

const anotherNumber: Change = (line, random) => {
  const inList = [...line.args.matchAll(/\d+(?=[^[]*\])/g)];
  if (inList.length === 0) return line;
  const { 0: digits, index } = pick(inList, random);
  const number = Math.max(0, Number(digits) + pick([-1, 1, 2], random));
  return { ...line, args: line.args.slice(0, index) + number + line.args.slice(index + digits.length) };
};

const swappedNumbers: Change = (line, random) => {
  const list = /\[([^\]]*)\]/.exec(line.args);
  if (!list) return line;
  const items = list[1]!.split(',');
  const [i, j] = [0, 0].map(() => Math.floor(random() * items.length)) as [number, number];
  [items[i], items[j]] = [items[j]!, items[i]!];
  return { ...line, args: line.args.replace(list[0], `[${items.join(',')}]`) };
};

const swappedOperands: Change = (line) => {
  const [first, second, ...more] = line.args.split(/,(?![^[]*\])/).map((word) => word.trim());
  return second === undefined ? line : { ...line, args: [second, first, ...more].join(', ') };
};

const anotherScalar: Change = (line, random) => ({
  ...line,
  args: line.args.replace(/\d+\.\d+/, (digits) => `${Number(digits) * pick([0.5, 2, -1], random)}`),
  rest: line.rest.replace(/axis=-?\d/, `axis=${pick([-1, -2, -3, 1, 2], random)}`),
});

const CHANGES = [
  anotherOperand,
  anotherOperator,
  anotherNumber,
  swappedNumbers,
  swappedOperands,
  anotherScalar,
];

/** The line changed, or as it was when the change drawn does not apply to it. */
export function mutateLine(text: string, random: Random, earlier: readonly string[]): string {
  const match = /^(\w+) = ([A-Z_]+)\((.*?)\)(.*)$/.exec(text);
  if (!match) return text;
  const [, output, operator, args, rest] = match as unknown as [string, string, string, string, string];
  const change = Math.floor(random() * (CHANGES.length + 1));
  if (change === CHANGES.length)
    return `before_${output} = ${operator}(${args})${rest}\n${output} = ${pick(AFTER, random).replace('%', `before_${output}`)}`;
  const line = CHANGES[change]!({ output, operator, args, rest }, random, earlier);
  return `${line.output} = ${line.operator}(${line.args})${line.rest}`;
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random() * list.length)]!;
}
