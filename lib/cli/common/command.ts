/**
 * The frame of every command: arguments, --help, --version, exit codes. On node:util's parseArgs rather than
 * commander, which alone takes 16 ms to load: a pipe of four filters would spend more on that than on its work.
 */
import process from 'node:process';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { version } from '../../version.ts';
import { errorLine, exitCode, OutputClosed, UsageError } from './errors.ts';
import { processStreams, type Streams, writeAll } from './streams.ts';

export interface OptionSpec {
  type: 'string' | 'boolean';
  /** One letter. */
  short?: string;
  /** May be given more than once. */
  multiple?: boolean;
  /** What stands for the value in the help. */
  value?: string;
  /** The value may be left out (--name, or --name=VALUE): what the bare name means. */
  bare?: string;
  help: string;
}

export interface CommandSpec {
  name: string;
  /** One sentence. */
  summary: string;
  /** The positional arguments as the help shows them, e.g. "[PACKAGE]". */
  positionals: string;
  /** How many of them, at least and at most. */
  count: readonly [min: number, max: number];
  options: Readonly<Record<string, OptionSpec>>;
  /** Default: the name and ggma's version. */
  version?: () => string | Promise<string>;
}

/** A command line that fits the spec. */
export class Invocation {
  readonly positionals: readonly string[];
  readonly streams: Streams;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #interruption = new AbortController();
  readonly #deferred: (() => void)[] = [];
  #onInterrupt: (() => void) | null = null;

  constructor(values: Readonly<Record<string, unknown>>, positionals: readonly string[], streams: Streams) {
    this.#values = values;
    this.positionals = positionals;
    this.streams = streams;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === 'string' ? value : undefined;
  }

  texts(name: string): string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** @throws UsageError */
  integer(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseInteger(text, `--${name}`, min, max);
  }

  /** @throws UsageError */
  number(name: string, min: number, max: number): number | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : parseNumber(text, `--${name}`, min, max);
  }

  /**
   * Aborted by Ctrl-C. A command that asks for it ends in its own way (exit code 130 all the same); a second
   * Ctrl-C ends the process at once. For one that never asks, Ctrl-C does what it does to any process.
   */
  get signal(): AbortSignal {
    if (this.#onInterrupt === null) {
      this.#onInterrupt = () => {
        if (this.#interruption.signal.aborted) process.exit(exitCode.interrupted);
        this.#interruption.abort();
      };
      process.on('SIGINT', this.#onInterrupt);
    }
    return this.#interruption.signal;
  }

  get interrupted(): boolean {
    return this.#interruption.signal.aborted;
  }

  write(data: string | Uint8Array): Promise<void> {
    return writeAll(this.streams.stdout, data);
  }

  warn(message: string): Promise<void> {
    return writeAll(this.streams.stderr, `ggma: warning: ${message}\n`);
  }

  /** What was asked for and is no data, to standard error. */
  note(text: string): Promise<void> {
    return writeAll(this.streams.stderr, text);
  }

  /** What to do when the command has ended, however it did. */
  defer(work: () => void): void {
    this.#deferred.push(work);
  }

  /** Does what was deferred and gives Ctrl-C back. */
  end(): void {
    for (const work of this.#deferred.splice(0)) work();
    if (this.#onInterrupt !== null) process.removeListener('SIGINT', this.#onInterrupt);
  }
}

/**
 * Runs a command line and returns its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted. What `action`
 * returns, if it returns something, is the exit code.
 */
export async function runCommand(
  spec: CommandSpec,
  argv: readonly string[],
  action: (invocation: Invocation) => Promise<number | undefined>,
  streams: Streams = processStreams(),
): Promise<number> {
  // Without a listener a stream's error (EPIPE) would end the process; every write reports its own.
  const ignore = () => {};
  streams.stdout.on('error', ignore);
  streams.stderr.on('error', ignore);
  let invocation: Invocation | null = null;
  try {
    const { values, positionals } = parse(spec, argv);
    if (values.help === true) await writeAll(streams.stdout, helpText(spec));
    else if (values.version === true) await writeAll(streams.stdout, `${await versionLine(spec)}\n`);
    else {
      const [min, max] = spec.count;
      if (positionals.length < min || positionals.length > max)
        throw new UsageError(countMessage(spec, positionals));
      invocation = new Invocation(values, positionals, streams);
      const code = await action(invocation);
      return invocation.interrupted ? exitCode.interrupted : (code ?? exitCode.done);
    }
    return exitCode.done;
  } catch (error) {
    if (error instanceof OutputClosed) return exitCode.done;
    if (invocation?.interrupted === true) return exitCode.interrupted;
    const hint = error instanceof UsageError ? ` (${spec.name} --help lists what there is)` : '';
    await writeAll(streams.stderr, errorLine(error).replace(/\n$/, `${hint}\n`)).catch(ignore);
    return error instanceof UsageError ? exitCode.usage : exitCode.failed;
  } finally {
    invocation?.end();
    streams.stdout.removeListener('error', ignore);
    streams.stderr.removeListener('error', ignore);
  }
}

/** A whole decimal number in a range. @throws UsageError */
export function parseInteger(text: string, what: string, min: number, max: number): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(
      `expected an integer from ${min} to ${max} for ${what}, got ${JSON.stringify(text)}`,
    );
  return value;
}

/** A decimal number in a range. @throws UsageError */
function parseNumber(text: string, what: string, min: number, max: number): number {
  const value = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new UsageError(`expected a number from ${min} to ${max} for ${what}, got ${JSON.stringify(text)}`);
  return value;
}

function parse(
  spec: CommandSpec,
  argv: readonly string[],
): { values: Record<string, unknown>; positionals: string[] } {
  const options: NonNullable<ParseArgsConfig['options']> = {};
  for (const [name, { type, short, multiple }] of Object.entries(withCommonOptions(spec)))
    options[name] = { type, multiple: multiple ?? false, ...(short === undefined ? {} : { short }) };
  try {
    const { values, positionals } = parseArgs({
      args: withBareValues(spec, argv),
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: { ...values }, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** parseArgs knows no options whose value may be left out. */
function withBareValues({ options }: CommandSpec, argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((word, i) => {
    const name = word.startsWith('--') && (end === -1 || i < end) ? word.slice(2) : '';
    const bare = Object.hasOwn(options, name) ? options[name]?.bare : undefined;
    return bare === undefined ? word : `${word}=${bare}`;
  });
}

function withCommonOptions({ options }: CommandSpec): Record<string, OptionSpec> {
  return {
    ...options,
    version: { type: 'boolean', help: 'print the version' },
    help: { type: 'boolean', short: 'h', help: 'print this' },
  };
}

function countMessage({ positionals, count: [min, max] }: CommandSpec, got: readonly string[]): string {
  const expected = positionals === '' ? 'no arguments' : positionals;
  const range = min === max ? `${min}` : `${min} to ${max === Infinity ? 'any number' : max}`;
  return `expected ${expected} (${range}), got ${got.length === 0 ? 'none' : got.join(' ')}`;
}

async function versionLine({ name, version: own }: CommandSpec): Promise<string> {
  return own === undefined ? `${name} v${version}` : own();
}

function helpText(spec: CommandSpec): string {
  const rows = Object.entries(withCommonOptions(spec)).map(
    ([name, { short, value, bare, help }]): [string, string] => {
      const letter = short === undefined ? '    ' : `-${short}, `;
      const shown = value === undefined ? '' : bare === undefined ? ` ${value}` : `[=${value}]`;
      return [`  ${letter}--${name}${shown}`, help];
    },
  );
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const usage = ['Usage:', spec.name, '[options]', spec.positionals].filter((part) => part !== '').join(' ');
  return `${usage}\n\n${spec.summary}\n\n${rows.map(([left, help]) => left.padEnd(width) + help).join('\n')}\n`;
}
