/** Every command and where its code is. The build makes one start file for each, `make install` one link. */
import { passes } from '../passes/index.ts';

export interface Command {
  name: string;
  summary: string;
  /**
   * Loaded when the command runs, so that it does not wait for what others need. null: o2o and the filters, which
   * filters.ts starts.
   */
  load: (() => Promise<(argv: readonly string[]) => Promise<number>>) | null;
}

export const commands: readonly Command[] = [
  {
    name: 'ggma_run',
    summary: 'continue a prompt with a package',
    load: async () => (await import('./ggma_run.ts')).main,
  },
  {
    name: 'tinyllama',
    summary: 'export a Hugging Face directory to Circle',
    load: async () => (await import('./tinyllama.ts')).main,
  },
  {
    name: 'opm',
    summary: 'fetch a model and make a package of it',
    load: async () => (await import('./opm/index.ts')).main,
  },
  { name: 'o2o', summary: 'run several filters in one process', load: null },
  ...passes.map(({ name, summary }) => ({ name, summary, load: null })),
];
