/** tinyllama: a Hugging Face directory in, prefill.circle or decode_.circle out. */
import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import process from 'node:process';
import { chunksOf, layOut } from '../circle/index.ts';
import { GgmaError } from '../errors.ts';
import { defaultLength, exportDecode, exportPrefill, openHf } from '../export/index.ts';
import { lower } from '../ir/index.ts';
import { demoDir } from '../package/demo.ts';
import { type CommandSpec, type Invocation, runCommand, type Streams, UsageError } from './common/index.ts';

const spec: CommandSpec = {
  name: 'tinyllama',
  summary: 'Exports the prefill or decode graph of a Hugging Face directory to a Circle file.',
  positionals: '',
  count: [0, 0],
  options: {
    mode: { type: 'string', value: 'prefill|decode', help: 'which graph' },
    model: { type: 'string', value: 'DIR', help: 'config.json and *.safetensors (default: the demo model)' },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'default: prefill.circle or decode_.circle' },
    'prefill-length': {
      type: 'string',
      value: 'N',
      help: `tokens of the prefill graph (default: ${defaultLength})`,
    },
    'cache-length': {
      type: 'string',
      value: 'N',
      help: `columns of decode's mask (default: ${defaultLength})`,
    },
  },
};

/** @returns the exit code */
export function main(argv: readonly string[], streams?: Streams): Promise<number> {
  return runCommand(spec, argv, tinyllama, streams);
}

async function tinyllama(invocation: Invocation): Promise<undefined> {
  const mode = invocation.text('mode');
  if (mode !== 'prefill' && mode !== 'decode')
    throw new UsageError(`expected prefill or decode for --mode, got ${mode ?? 'nothing'}`);
  const hf = openHf(invocation.text('model') ?? demoDir());
  const module =
    mode === 'prefill'
      ? exportPrefill(hf, invocation.integer('prefill-length', 1, 65_536))
      : exportDecode(hf, invocation.integer('cache-length', 3, 1_048_576));
  const file = invocation.text('output') ?? (mode === 'prefill' ? 'prefill.circle' : 'decode_.circle');
  writeAtomically(file, chunksOf(layOut(lower(module))));
}

/** Under a temporary name first: a file of that name is whole, or the old one. */
function writeAtomically(file: string, chunks: Iterable<Uint8Array>): void {
  const temporary = `${file}.${process.pid}.part`;
  try {
    const fd = openSync(temporary, 'wx');
    try {
      for (const chunk of chunks) for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GgmaError('OUTPUT', `expected to write the file, got: ${reason}`, { path: file, cause });
  }
}
