/** opm import: a Hugging Face directory into build/NAME. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import process from 'node:process';
import { GgmaError } from '../../errors.ts';
import { isPortableName, parseRepoId } from '../../hub/index.ts';
import { type ImportSource, importModel, looksLikePath } from '../../make/index.ts';
import { type CommandSpec, type Invocation, Progress, runCommand, type Streams } from '../common/index.ts';
import { buildDir, type Context, outName, shown } from './context.ts';

const spec: CommandSpec = {
  name: 'opm import',
  summary:
    'Fetches the files of a model that ggma needs (configuration, tokenizers, safetensors) to build/NAME, or copies them\nfrom a directory. An import that was interrupted continues where it stopped.\n\nHF_ENDPOINT names another hub, HF_TOKEN opens private repositories.',
  positionals: 'OWNER/NAME | DIRECTORY',
  count: [1, 1],
  options: {
    revision: { type: 'string', value: 'REVISION', help: 'branch, tag or commit (default: main)' },
    name: { type: 'string', value: 'NAME', help: 'folder in build/ (default: the last part of the name)' },
    force: { type: 'boolean', help: 'replace whatever has that name' },
  },
};

/** @returns the exit code */
export function main(argv: readonly string[], streams: Streams, context: Context): Promise<number> {
  return runCommand(spec, argv, (invocation) => importCommand(invocation, context), streams);
}

async function importCommand(invocation: Invocation, context: Context): Promise<undefined> {
  keepVerifying(invocation, context);
  const progress = new Progress(invocation.streams.stderr);
  const { source, name } = readSource(invocation, context, (reason, pause) =>
    progress.show(`${reason}; again in ${Math.ceil(pause / 1000)} s`),
  );
  const target = join(buildDir(context), folderName(invocation.text('name') ?? name));
  const { warnings, changed } = await importModel(source, target, {
    force: invocation.flag('force'),
    signal: invocation.signal,
    onProgress: (at) =>
      at.stage === 'check'
        ? progress.show(`checking ${at.tensor}`)
        : progress.bar(at.file, at.bytes, at.totalBytes),
  }).finally(() => progress.clear());
  for (const warning of warnings) await invocation.warn(warning);
  if (!changed)
    await invocation.streams.stderr.write(`${shown(context, target)} holds this revision already\n`);
  await invocation.write(`${shown(context, target)}\n`);
}

/** A directory that is there, or that is written like one; else a repository. */
function readSource(
  invocation: Invocation,
  { dir, env }: Context,
  onPause: (reason: string, pause: number) => void,
): { source: ImportSource; name: string } {
  const word = invocation.positionals[0]!;
  const path = resolve(dir, word);
  if (existsSync(path) || looksLikePath(word)) return { source: { dir: path }, name: basename(path) };
  const repo = parseRepoId(word);
  const hub = {
    endpoint: env.HF_ENDPOINT || undefined,
    token: env.HF_TOKEN || undefined,
    signal: invocation.signal,
    onPause,
  };
  return { source: { repo, revision: invocation.text('revision') ?? 'main', hub }, name: repo.name };
}

function folderName(name: string): string {
  if (isPortableName(name) && name.toLowerCase() !== outName) return name;
  throw new GgmaError(
    'IMPORT_NAME',
    `expected a plain name other than ${outName} for the folder in build/, got ${JSON.stringify(name)} (--name takes another)`,
  );
}

/** Node has a variable that turns the check of certificates off, for every connection. Not for these. */
function keepVerifying(invocation: Invocation, { env }: Context): void {
  if (env.NODE_TLS_REJECT_UNAUTHORIZED !== '0') return;
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  void invocation
    .warn('NODE_TLS_REJECT_UNAUTHORIZED=0 is ignored: certificates are always checked')
    .catch(() => {});
}
