/** Every command and where its code is. The build makes one start file for each, `make install` one link. */
import { passes } from '../passes/index.ts';

export interface Command {
  name: string;
  summary: string;
  /**
   * The file in lib/cli that has its `main`: a bundle of its own, so that it does not wait for what others need. null: o2o
   * and the filters, which filters.ts starts.
   */
  file: string | null;
}

export const commands: readonly Command[] = [
  {
    name: 'ggma',
    summary: 'show what is installed, and run the other commands by one name',
    file: 'ggma/index.ts',
  },
  {
    name: 'ggma_run',
    summary: 'continue a prompt with a package',
    file: 'ggma_run.ts',
  },
  {
    name: 'tinyllama',
    summary: 'export a Hugging Face directory to Circle',
    file: 'tinyllama.ts',
  },
  {
    name: 'opm',
    summary: 'fetch a model and make a package of it',
    file: 'opm/index.ts',
  },
  { name: 'o2o', summary: 'run several filters in one process', file: null },
  ...passes.map(({ name, summary }) => ({ name, summary, file: null })),
];
