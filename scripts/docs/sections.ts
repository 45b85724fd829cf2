/** What pages take from registries, by the name that they ask for it by. */
import { words } from '../../lib/cli/o2o/index.ts';
import { errorCodes } from '../../lib/error-codes.ts';
import { families } from '../../lib/export/index.ts';
import type { OptionTable } from '../../lib/options/index.ts';
import { loadOptions } from '../../lib/package/index.ts';
import { passes } from '../../lib/passes/index.ts';
import { instructions } from '../../lib/plan/index.ts';
import {
  chatOptions,
  chatStartOptions,
  generateOptions,
  samplingOptions,
  scoreOptions,
} from '../../lib/runtime/index.ts';
import { type Field, fieldsOf, rowsOf } from './fields.ts';

export const sections: Readonly<Record<string, () => string>> = {
  filters: () =>
    table(
      ['filter', 'what it does'],
      passes.map(({ name, usage, summary }) => [code(usage === '' ? name : `${name} ${usage}`), summary]),
    ),
  words: () =>
    table(
      ['word', 'what it does'],
      words.map(({ name, positionals, summary }) => [code(`o2o ${name} ${positionals}`), summary]),
    ),
  instructions: () =>
    table(
      ['instruction', 'operands', 'dst'],
      Object.entries(instructions).map(([name, { operands, does }]) => [
        code(name),
        Object.keys(operands).join(' '),
        does,
      ]),
    ),
  families: () =>
    table(
      ['model_type', 'family'],
      families.map(({ modelType, title }) => [code(modelType), title]),
    ),
  'error codes': () =>
    table(
      ['code', 'what is wrong', 'what to do'],
      Object.entries(errorCodes).map(([name, [means, remedy]]) => [code(name), means, remedy]),
    ),
  LoadOptions: () => options('lib/package/options.ts', 'loadOptions', loadOptions),
  GenerateOptions: () => options('lib/runtime/options/generate.ts', 'ownOptions', generateOptions),
  SamplingOptions: () => options('lib/runtime/options/sampling.ts', 'samplingOptions', samplingOptions),
  ChatOptions: () => options('lib/runtime/options/chat.ts', 'chatOptions', chatOptions),
  CreateChatOptions: () => options('lib/runtime/options/chat.ts', 'chatStartOptions', chatStartOptions),
  ScoreOptions: () => options('lib/runtime/options/generate.ts', 'scoreOptions', scoreOptions),
  GenerationChunk: () => fields('lib/runtime/answer.ts', 'GenerationChunk'),
  Completion: () => fields('lib/runtime/answer.ts', 'Completion'),
  Usage: () => fields('lib/runtime/answer.ts', 'Usage'),
  Timings: () => fields('lib/runtime/answer.ts', 'Timings'),
  TokenLogprob: () => fields('lib/runtime/logprobs.ts', 'TokenLogprob'),
  Score: () => fields('lib/runtime/score.ts', 'Score'),
  MemoryUse: () => fields('lib/native.ts', 'ProgramMemory'),
};

function fields(file: string, name: string): string {
  return fieldTable(fieldsOf(file, name));
}

function options(file: string, name: string, rows: OptionTable): string {
  return fieldTable(rowsOf(file, name, rows));
}

function fieldTable(rows: readonly Field[]): string {
  return table(
    ['', 'type', ''],
    rows.map(({ name, type, text }) => [code(name), code(type), text]),
  );
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) throw new Error(`expected rows for the table of ${head.join(', ')}`);
  const row = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [row(head), `|${'---|'.repeat(head.length)}`, ...rows.map(row)].join('\n');
}
