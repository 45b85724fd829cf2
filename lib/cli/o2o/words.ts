/** Words of o2o that are no filters: they look at models instead of rewriting them. */
import type { Streams } from '../common/index.ts';

export interface Word {
  name: string;
  summary: string;
  /** Loaded when the word is used, so that a filter does not wait for it. */
  load(): Promise<(argv: readonly string[], streams: Streams) => Promise<number>>;
}

export const words: readonly Word[] = [
  {
    name: 'view',
    summary: "write a page that shows a model's graph, or what differs between two",
    load: async () => (await import('./view.ts')).main,
  },
];
