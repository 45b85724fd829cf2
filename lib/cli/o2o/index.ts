/** The registry of o2o's words beside the filters. */
import type { WordEntry } from './word.ts';

export const words: readonly WordEntry[] = [
  {
    name: 'verify',
    summary: 'check models: structure, indices, shapes, data, signatures',
    positionals: '[FILE…]',
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'print',
    summary: 'print a model as text, or all of it as JSON',
    positionals: '[FILE]',
    load: async () => (await import('./print.ts')).print,
  },
  {
    name: 'diff',
    summary: 'compare two models by structure, whatever their numbering',
    positionals: 'A B',
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'explain',
    summary: 'say what the run time makes of a model, and what it proved',
    positionals: '[FILE]',
    load: async () => (await import('./explain.ts')).explainWord,
  },
  {
    name: 'view',
    summary: "write a page that shows a model's graph, or what differs between two",
    positionals: 'MODEL | BEFORE AFTER',
    load: async () => (await import('./view.ts')).view,
  },
];

export function findWord(name: string | undefined): WordEntry | undefined {
  return words.find((word) => word.name === name);
}
