/** Every command and where its code is. The build makes one start file for each, `make install` one link. */
import { passes } from '../passes/index.ts';

export interface Command {
  name: string;
  summary: string;
  /** Started by filters.ts, without what the other commands need. */
  isFilter?: boolean;
  /** Loaded when the command runs, so that a filter does not wait for the engine. */
  load(): Promise<(argv: readonly string[]) => Promise<number>>;
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
  {
    name: 'o2o',
    summary: 'run several filters in one process',
    isFilter: true,
    load: async () => (await import('./o2o.ts')).main,
  },
  ...passes.map(({ name, summary }) => ({
    name,
    summary,
    isFilter: true,
    load: async () => {
      const { main } = await import('./o2o.ts');
      return (argv: readonly string[]) => main([name, ...argv]);
    },
  })),
];
