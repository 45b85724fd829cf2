/** o2o view: a model's graph, or the difference between two, as a page that any browser shows. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GgmaError } from '../../errors.ts';
import { lift } from '../../ir/graph/index.ts';
import { type Assets, type NamedModule, viewPage } from '../../view/index.ts';
import {
  exitCode,
  type Invocation,
  refuseTerminalOutput,
  UsageError,
  writeAtomically,
} from '../common/index.ts';
import { inFile, openModel, STDIN, type Word } from './word.ts';

export const view: Word = {
  count: [1, 2],
  options: {
    output: { type: 'string', short: 'o', value: 'FILE', help: 'where to write; default: standard output' },
  },
  details: [
    'The page is one file, for any browser, with no network. With two models it shows what differs. - is standard input.',
    '',
    '  o2o view decode.circle -o page.html',
    '  fuse.attention < decode_.circle | o2o view decode_.circle - -o page.html',
  ].join('\n'),
  async run(invocation) {
    const { positionals, streams } = invocation;
    if (positionals.filter((file) => file === '-').length > 1)
      throw new UsageError('expected at most one - (standard input) among the models, got two');
    const output = invocation.text('output');
    if (output === undefined) refuseTerminalOutput(streams, 'a page (use: -o FILE)');
    const assets = readAssets();
    const models: NamedModule[] = [];
    for (const file of positionals) models.push(await readNamed(invocation, file));
    const [before, after] = models.length === 2 ? [models[0]!, models[1]!] : [null, models[0]!];
    const page = Buffer.from(viewPage(before, after, assets));
    if (output === undefined) await invocation.write(page);
    else writeAtomically(output, [page]);
    return exitCode.done;
  },
};

/**
 * The built script and style of lib/view/page. The search goes up from this file, because sources and built files lie at
 * different depths.
 */
function readAssets(): Assets {
  for (let dir = path.dirname(fileURLToPath(import.meta.url)); ; dir = path.dirname(dir)) {
    try {
      const read = (name: string) => readFileSync(path.join(dir, 'dist/view', name), 'utf8').trim();
      return { script: read('page.js'), style: read('page.css') };
    } catch {
      if (dir === path.dirname(dir))
        throw new GgmaError('INSTALL_BROKEN', "expected the page's script in dist/view; make all builds it");
    }
  }
}

async function readNamed(invocation: Invocation, file: string): Promise<NamedModule> {
  const model = await inFile(file, () => openModel(invocation, file === '-' ? undefined : file));
  return { name: file === '-' ? STDIN : path.basename(path.resolve(file)), module: lift(model) };
}
