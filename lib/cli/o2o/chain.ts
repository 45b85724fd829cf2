/** A chain of filters in one process: `a x y + b`, from standard input or files to standard output or a file. */
import { chunksOf, layOut, type OpenModel, openModel, withFileName } from '../../circle/index.ts';
import { lift, lower, type Module } from '../../ir/graph/index.ts';
import { type Outcome, outcomeLines, type Pass, passes, STANDARD_INPUT } from '../../passes/index.ts';
import {
  checkDescriptors,
  type Descriptors,
  exitCode,
  UsageError,
  writeAtomically,
  writeFully,
  writeModelTo,
} from '../common/index.ts';

export interface Chain {
  stages: Stage[];
  strict: boolean;
  externalBuffers: boolean;
  /** The file to write instead of standard output. */
  output: string | null;
}

/** A filter with its words read. */
type Stage =
  | { kind: 'filter'; name: string; run(module: Module): Outcome }
  | { kind: 'source'; name: string; files: string[]; combine(modules: Module[]): Module };

/**
 * Every filter's words are read before any model is, so that a wrong one costs nothing.
 * @param known the filters that there are
 * @throws UsageError, GgmaError USAGE
 */
export function parseChain(argv: readonly string[], known: readonly Pass[] = passes): Chain {
  const chain: Chain = { stages: [], strict: false, externalBuffers: false, output: null };
  const groups: string[][] = [[]];
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === '--strict') chain.strict = true;
    else if (word === '--external-buffers') chain.externalBuffers = true;
    else if (word === '-o' || word === '--output') chain.output = fileName(argv[++i]);
    else if (word.startsWith('--output=')) chain.output = fileName(word.slice('--output='.length));
    else if (word === '+') groups.push([]);
    else groups.at(-1)!.push(word);
  }
  chain.stages = groups.map(([name, ...words], i) => {
    if (name === undefined) throw new UsageError("expected a filter on both sides of '+'");
    const stage = prepare(passNamed(name, known), words);
    if (stage.kind === 'source' && i > 0 && !stage.files.includes(STANDARD_INPUT))
      throw new UsageError(
        `expected ${name}, which reads files, at the start of the chain or with '${STANDARD_INPUT}' among its files`,
      );
    return stage;
  });
  return chain;
}

/** @returns the exit code */
export async function runChain(chain: Chain, descriptors: Descriptors): Promise<number> {
  const { stages, strict, externalBuffers, output } = chain;
  const [first] = stages;
  const readsInput = first?.kind === 'filter' || first?.files.includes(STANDARD_INPUT) === true;
  checkDescriptors(descriptors, 'a Circle model', { stdin: readsInput, stdout: output === null });
  const inputs = new Inputs(descriptors.stdin);
  try {
    let module: Module | null = null;
    let [changed, idle] = [externalBuffers, 0];
    for (const stage of stages) {
      if (stage.kind === 'source') {
        const above: Module | null = module;
        module = stage.combine(
          stage.files.map((file) => (file === STANDARD_INPUT && above ? above : inputs.open(file))),
        );
        changed = true;
        continue;
      }
      module ??= inputs.open(STANDARD_INPUT);
      const outcome = stage.run(module);
      if (outcome.changed > 0) changed = true;
      else idle++;
      for (const line of outcomeLines(stage.name, outcome)) writeFully(descriptors.stderr, `${line}\n`);
    }
    if (strict && idle > 0) return exitCode.failed;
    const pieces = inputs.checked(changed ? piecesOf(module!, externalBuffers) : inputs.unchanged());
    if (output !== null) writeAtomically(output, pieces);
    else writeModelTo(descriptors.stdout, pieces);
    return exitCode.done;
  } finally {
    inputs.close();
  }
}

/** The files of a chain, open until it ends: constants are read from them while the result is written. */
class Inputs {
  readonly #stdin: number;
  readonly #opened: OpenModel[] = [];

  constructor(stdin: number) {
    this.#stdin = stdin;
  }

  /** @throws GgmaError with the file's name in its path */
  open(file: string): Module {
    const isStandard = file === STANDARD_INPUT;
    try {
      const input = openModel(isStandard ? this.#stdin : file, isStandard ? 'standard input' : file);
      this.#opened.push(input);
      return lift(input.model);
    } catch (error) {
      throw isStandard ? error : withFileName(error, file);
    }
  }

  /** The one input as it came. */
  unchanged(): Iterable<Uint8Array> {
    const [{ whole }] = this.#opened as [OpenModel];
    return chunksOf({
      head: new Uint8Array(0),
      parts: [{ position: 0, data: whole }],
      size: whole.byteLength,
    });
  }

  /** The pieces, and at their end an error when a file has changed under them. */
  *checked(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
    yield* pieces;
    for (const input of this.#opened) input.assertUnchanged();
  }

  close(): void {
    for (const input of this.#opened) input.close();
  }
}

function piecesOf(module: Module, externalBuffers: boolean): Iterable<Uint8Array> {
  return chunksOf(layOut(lower(module), externalBuffers ? { externalBuffers } : {}));
}

function prepare(pass: Pass, words: readonly string[]): Stage {
  const { name } = pass;
  if (pass.kind === 'source') return { kind: 'source', name, ...pass.prepare(words) };
  return { kind: 'filter', name, run: pass.prepare(words) };
}

/** @throws UsageError */
export function passNamed(name: string, known: readonly Pass[] = passes): Pass {
  const pass = known.find((one) => one.name === name);
  if (!pass) throw new UsageError(`expected a filter, got '${name}'; o2o --help lists them`);
  return pass;
}

function fileName(word: string | undefined): string {
  if (word === undefined || word === '')
    throw new UsageError('expected a file name for --output, got nothing');
  return word;
}
