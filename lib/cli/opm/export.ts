/** opm export: build/NAME through export, filters and merge, in one process, to a package: build/out, or the one that -o names. */
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
import { dtypeOf, dtypeOption } from '../dtype.ts';
import { buildDir, type Context, madeFolders, outName, pipelineName, shown } from './context.ts';

/** Names of exporters; there is one, for every family that it knows. */
const exporters: readonly string[] = ['tinyllama'];

const spec: CommandSpec = {
  name: 'opm export',
  summary: 'Makes a package of the imported model build/NAME: export, filters and merge in one process.',
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
    output: { type: 'string', short: 'o', value: 'DIR', help: 'the package (default: build/out)' },
    dtype: dtypeOption,
    prepare: { type: 'boolean', help: 'prepare the package, too: faster starts, twice the size' },
    force: { type: 'boolean', help: 'replace the package even if it is a folder that ggma did not make' },
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
  const dtype = dtypeOf(invocation);
  const { from, source } = await findImport(context, invocation.positionals[0]);
  const file = pipelinePath(invocation, context);
  const pipeline = file === null ? seedPipeline : await readPipeline(file);
  const wanted = invocation.text('output');
  const out = wanted === undefined ? join(buildDir(context), outName) : resolve(context.dir, wanted);
  const progress = new Progress(invocation.streams.stderr);
  const warnings = await makePackage(out, {
    from,
    source,
    pipeline,
    dtype,
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
  const list = imports.sort().join(', ');
  if (name === undefined && imports.length > 1)
    throw new UsageError(
      `expected a name, as build/ holds ${imports.length} imported models (${list}): opm export ${imports[0]}, for example`,
    );
  const chosen = name?.replace(/^build[/\\]|[/\\]+$/g, '') ?? imports[0];
  if (chosen === undefined || !imports.includes(chosen))
    throw new GgmaError(
      'MODEL_NOT_FOUND',
      `expected an imported model${name === undefined ? '' : ` called ${name}`}, got ${list || 'none; opm import OWNER/NAME fetches one'}`,
      { path: buildDir(context) },
    );
  const { source } = made.get(chosen)!;
  // A package is passed on to others, who must not learn where a directory lay on this machine.
  const isRepository = source !== null && /^[^@]+@[0-9a-f]+$/.test(source);
  return { from: join(buildDir(context), chosen), source: isRepository ? source : chosen };
}
