/** The registry of o2o's words beside the filters. Their code is in run-word.ts. */
import type { WordEntry } from './word.ts';

export const words = [
  {
    name: 'verify',
    summary: 'check models: structure, indices, shapes, data, signatures',
    positionals: '[FILE…]',
  },
  {
    name: 'print',
    summary: 'print a model as text, or all of it as JSON',
    positionals: '[FILE]',
  },
  {
    name: 'diff',
    summary: 'compare two models by structure, whatever their numbering',
    positionals: 'A B',
  },
  {
    name: 'explain',
    summary: 'say what the run time makes of a model, and what it proved',
    positionals: '[FILE]',
  },
  {
    name: 'view',
    summary: "write a page that shows a model's graph, or what differs between two",
    positionals: 'MODEL | BEFORE AFTER',
  },
] as const satisfies readonly WordEntry[];

export type WordName = (typeof words)[number]['name'];

export function findWord(name: string | undefined): (typeof words)[number] | undefined {
  return words.find((word) => word.name === name);
}
