/** tinyllama: a Hugging Face directory in, prefill.circle or decode_.circle out. */
import { chunksOf, layOut } from '../circle/index.ts';
import { exportDecode, exportPrefill, openHf } from '../export/index.ts';
import { lower } from '../ir/graph/index.ts';
import { demoDir } from '../make/index.ts';
import {
  type CommandSpec,
  type Invocation,
  Progress,
  runCommand,
  type Streams,
  UsageError,
  writeAtomically,
} from './common/index.ts';
import { dtypeOf, dtypeOption } from './dtype.ts';

const spec: CommandSpec = {
  name: 'tinyllama',
  summary: 'Exports the prefill or decode graph of a Hugging Face directory to a Circle file.',
  positionals: '',
  count: [0, 0],
  options: {
    mode: { type: 'string', value: 'prefill|decode', help: 'which graph' },
    model: { type: 'string', value: 'DIR', help: 'config.json and *.safetensors (default: the demo model)' },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'default: prefill.circle or decode_.circle' },
    dtype: dtypeOption,
    'prefill-length': {
      type: 'string',
      value: 'N',
      help: 'tokens of the prefill graph (default: 32)',
    },
    'cache-length': {
      type: 'string',
      value: 'N',
      help: "columns of decode's mask (default: 32)",
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
  const prefillLength = invocation.integer('prefill-length', 1, 65_536);
  const cacheLength = invocation.integer('cache-length', 3, 1_048_576);
  const dtype = dtypeOf(invocation);
  const file = invocation.text('output') ?? (mode === 'prefill' ? 'prefill.circle' : 'decode_.circle');
  const warnings: string[] = [];
  const progress = new Progress(invocation.streams.stderr);
  const dir = invocation.text('model') ?? demoDir();
  try {
    const input = openHf(dir, {
      dtype,
      onRead: (name) => progress.show(name),
      onWarning: (message) => warnings.push(message),
    });
    const module =
      mode === 'prefill' ? exportPrefill(input, prefillLength) : exportDecode(input, cacheLength);
    progress.show(file);
    writeAtomically(file, chunksOf(layOut(lower(module))));
  } finally {
    progress.clear();
  }
  for (const warning of warnings) await invocation.warn(warning);
}
