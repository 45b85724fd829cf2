/** The library's options as a command's: help and parsing follow from the option tables (lib/options). */
import {
  anyModel,
  type CommandOption,
  isNumberRule,
  type OptionsOf,
  type OptionTable,
  type Rule,
  ruleOf,
} from '../../options/index.ts';
import type { Invocation, OptionSpec } from './command.ts';

interface CommandRow {
  /** The library's name. */
  name: string;
  flag: string;
  rule: Rule<unknown>;
  cli: CommandOption;
}

/**
 * What the command's help lists for the rows that commands have, in the order of the table.
 * @param notes by flag: what the command adds to the help of a row, in brackets
 */
export function optionSpecs(
  table: OptionTable,
  notes: Readonly<Record<string, string>> = {},
): Record<string, OptionSpec> {
  const specs: Record<string, OptionSpec> = {};
  for (const { flag, rule, cli } of commandRows(table)) {
    const { short, value } = cli;
    const help = notes[flag] === undefined ? cli.help : `${cli.help} (${notes[flag]})`;
    specs[flag] = {
      type: rule.kind === 'flag' ? 'boolean' : 'string',
      ...(rule.kind === 'texts' ? { multiple: true } : {}),
      ...(short === undefined ? {} : { short }),
      ...(value === undefined ? {} : { value }),
      help,
    };
  }
  return specs;
}

/**
 * What the command line says of them. What depends on the model, and on several options, the library checks.
 * @throws UsageError
 */
export function readOptions<Table extends OptionTable>(
  invocation: Invocation,
  table: Table,
): OptionsOf<Table> {
  const values: Record<string, unknown> = {};
  for (const row of commandRows(table)) {
    const value = readValue(invocation, row);
    if (value !== undefined) values[row.name] = value;
  }
  return values as OptionsOf<Table>;
}

function readValue(invocation: Invocation, { flag, rule }: CommandRow): unknown {
  if (isNumberRule(rule)) return invocation[rule.kind](flag, rule.min, rule.max);
  if (rule.kind === 'flag') return invocation.flag(flag) ? true : undefined;
  if (rule.kind === 'texts') {
    const texts = invocation.texts(flag);
    return texts.length === 0 ? undefined : texts;
  }
  throw new Error(`expected a number, a flag or texts for the option --${flag}, got ${rule.kind}`);
}

function commandRows(table: OptionTable): CommandRow[] {
  return Object.entries(table).flatMap(([name, row]) =>
    row.cli === undefined
      ? []
      : [{ name, flag: row.cli.flag ?? kebab(name), rule: ruleOf(row, anyModel), cli: row.cli }],
  );
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
