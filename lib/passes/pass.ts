/**
 * A filter is a pass: a function that edits a module in place and says what it matched. The command line, the help,
 * the documentation's table and the tests all read the registry of these records in `index.ts`.
 */
import { GgmaError } from '../errors.ts';
import type { Module } from '../ir/graph/index.ts';

/** What a pass found and did. */
export interface Outcome {
  /** Places that were rewritten; 0 leaves the file as it was. */
  changed: number;
  /** Places that were looked at. */
  candidates: number;
  /** What a candidate is called: "attention blocks", "graph inputs of shape …". */
  what: string;
  /** Why candidates were left alone, one line each. */
  reasons: string[];
  /** What is worth saying of those that were changed, one line each. */
  notes?: string[];
  /** What it means that candidates were left alone, where a reader might take it for a failure. */
  consequence?: string;
}

export interface Filter {
  readonly kind: 'filter';
  readonly name: string;
  readonly summary: string;
  /** The words after the name, as a usage line shows them; '' for none. */
  readonly usage: string;
  /** One example of those words. */
  readonly example: readonly string[];
  /** Looks at every weight, so that optimised code pays for its compilation. Default false. */
  readonly computes?: boolean;
  /** Reads the words; the result rewrites any number of modules. @throws GgmaError USAGE */
  prepare(words: readonly string[]): (module: Module) => Outcome;
}

/** The name of a file that stands for standard input or, within a chain, for what the filters before it made. */
export const STANDARD_INPUT = '-';

/** A command that takes files; it starts a chain, or goes on with one that it names as {@link STANDARD_INPUT}. */
export interface Source {
  readonly kind: 'source';
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly example: readonly string[];
  /** Reads the words: which files to read, and how their modules become one. @throws GgmaError USAGE */
  prepare(words: readonly string[]): { files: string[]; combine(modules: Module[]): Module };
}

export type Pass = Filter | Source;

/** The notes; then, where not everything matched, how many of how many, and why not. Nothing when all went well. */
export function outcomeLines(name: string, outcome: Outcome): string[] {
  return [...(outcome.notes ?? []).map((note) => `${name}: ${note}`), ...leftLines(name, outcome)];
}

function leftLines(name: string, outcome: Outcome): string[] {
  const { changed, candidates, what, reasons, consequence } = outcome;
  if (reasons.length === 0)
    return changed > 0 ? [] : [`${name}: 0 of ${candidates} ${what} changed: there is nothing to do`];
  // What is the same but for the name of the place is said once.
  const kinds = new Map<string, string[]>();
  for (const reason of reasons) {
    const kind = reason.replace(/^'.*?'/, '');
    kinds.set(kind, [...(kinds.get(kind) ?? []), reason]);
  }
  const lines = [...kinds.values()].slice(0, 5).map(([first, ...others]) => {
    if (others.length === 0) return first;
    const isSame = others.every((reason) => reason === first);
    return isSame ? `${first} (${others.length + 1} times)` : `${first} (and ${others.length} more like it)`;
  });
  const more = kinds.size > 5 ? `; and ${kinds.size - 5} more reasons` : '';
  const meaning = consequence === undefined ? '' : `. ${consequence}`;
  return [`${name}: ${changed} of ${candidates} ${what} changed: ${lines.join('; ')}${more}${meaning}`];
}

/** A filter without words. */
export function simpleFilter(name: string, summary: string, run: (module: Module) => Outcome): Filter {
  return {
    kind: 'filter',
    name,
    summary,
    usage: '',
    example: [],
    prepare(words) {
      if (words.length > 0) throw usageError(this, `expected no arguments, got '${words.join(' ')}'`);
      return run;
    },
  };
}

export function usageError(pass: Pick<Pass, 'name' | 'usage'>, problem: string): GgmaError {
  return new GgmaError(
    'USAGE',
    `${pass.name}: ${problem}; usage: ${pass.name}${pass.usage ? ` ${pass.usage}` : ''}`,
  );
}

/** `[1, 16, 30, 4]`, `[1,16,30,4]` or `1,16,30,4`; `[]` is a scalar. */
export function parseShape(pass: Pick<Pass, 'name' | 'usage'>, word: string | undefined): number[] {
  const inner = (word ?? '')
    .trim()
    .replace(/^\[(.*)\]$/, '$1')
    .trim();
  if (word === undefined) throw usageError(pass, 'expected a shape like [1,16,30,4], got nothing');
  if (inner === '') return [];
  const dims = inner.split(',').map((dim) => dim.trim());
  if (!dims.every((dim) => /^\d{1,9}$/.test(dim)))
    throw usageError(pass, `expected a shape like [1,16,30,4], got '${word}'`);
  return dims.map(Number);
}

/** `0,2-5` → 0, 2, 3, 4, 5. */
export function parseIds(pass: Pick<Pass, 'name' | 'usage'>, word: string | undefined): Set<number> {
  const ids = new Set<number>();
  for (const part of (word ?? '').split(',')) {
    const range = /^\s*(\d{1,7})\s*(?:-\s*(\d{1,7})\s*)?$/.exec(part);
    const [from, to] = [Number(range?.[1]), Number(range?.[2] ?? range?.[1])];
    if (!range || to < from) throw usageError(pass, `expected ids like 0,2-5, got '${word ?? 'nothing'}'`);
    for (let id = from; id <= to; id++) ids.add(id);
  }
  return ids;
}
