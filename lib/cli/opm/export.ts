/** opm export: build/NAME through export, filters and merge, in one process, to the package build/out. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { GgmaError } from '../../errors.ts';
import { makePackage, readPipeline, seedPipeline, writePrepared } from '../../make/index.ts';
import {
  type CommandSpec,
  type Invocation,
  Progress,
  runCommand,
  type Streams,
  UsageError,
} from '../common/index.ts';
import { buildDir, type Context, madeFolders, outName, pipelineName, shown } from './context.ts';

/** Names of exporters; there is one, for every family that it knows. */
const exporters: readonly string[] = ['tinyllama'];

const spec: CommandSpec = {
  name: 'opm export',
  summary:
    'Makes a package of the imported model build/NAME: export, filters, merge, in one process, to build/out.',
  positionals: '[NAME]',
  count: [0, 1],
  options: {
    source: {
      type: 'string',
      short: 's',
      value: exporters.join('|'),
      help: 'the exporter (default: tinyllama)',
    },
    pipeline: {
      type: 'string',
      short: 'p',
      value: 'FILE',
      help: `filters to run (default: ${pipelineName} where there is one, else what opm init writes)`,
    },
    prepare: { type: 'boolean', help: 'prepare the package, too: faster starts, twice the size' },
    force: { type: 'boolean', help: 'replace build/out even if it is no package that ggma made' },
  },
};

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams, context: Context): Promise<number> {
  return runCommand(spec, argv, (invocation) => exportCommand(invocation, context), streams);
}

async function exportCommand(invocation: Invocation, context: Context): Promise<undefined> {
  const exporter = invocation.text('source') ?? exporters[0]!;
  if (!exporters.includes(exporter))
    throw new UsageError(`expected ${exporters.join(' or ')} for --source, got ${exporter}`);
  const { from, source } = await findImport(context, invocation.positionals[0]);
  const file = pipelinePath(invocation, context);
  const pipeline = file === null ? seedPipeline : await readPipeline(file);
  const out = join(buildDir(context), outName);
  const progress = new Progress(invocation.streams.stderr);
  const warnings = await makePackage(out, {
    from,
    source,
    pipeline,
    force: invocation.flag('force'),
    onProgress: (what) => progress.show(what),
  }).finally(() => progress.clear());
  for (const warning of warnings) await invocation.warn(warning);
  if (invocation.flag('prepare')) await writePrepared(out);
  await invocation.write(`${shown(context, out)}\n`);
}

function pipelinePath(invocation: Invocation, { dir }: Context): string | null {
  const wanted = invocation.text('pipeline');
  if (wanted !== undefined) return resolve(dir, wanted);
  const usual = join(dir, pipelineName);
  return existsSync(usual) ? usual : null;
}

/** The import of that name; without a name the only one. @throws GgmaError MODEL_NOT_FOUND, UsageError */
async function findImport(context: Context, name?: string): Promise<{ from: string; source: string | null }> {
  const made = await madeFolders(context);
  const imports = [...made].filter(([, manifest]) => manifest.made === 'import').map(([folder]) => folder);
  const list =
    imports.length === 0 ? 'nothing; opm import OWNER/NAME fetches a model' : imports.sort().join(', ');
  if (name === undefined && imports.length > 1)
    throw new UsageError(`expected the name of an imported model, as there are several: ${list}`);
  const chosen = name?.replace(/^build[/\\]|[/\\]+$/g, '') ?? imports[0];
  if (chosen === undefined || !imports.includes(chosen))
    throw new GgmaError(
      'MODEL_NOT_FOUND',
      `expected an imported model${name === undefined ? '' : ` called ${name}`}, got ${list}`,
      {
        path: buildDir(context),
      },
    );
  const { source } = made.get(chosen)!;
  // A package goes to others: where a directory lay on this machine is none of their business.
  const isRepository = source !== null && /^[^@]+@[0-9a-f]+$/.test(source);
  return { from: join(buildDir(context), chosen), source: isRepository ? source : chosen };
}
