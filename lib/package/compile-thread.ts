/**
 * Compiling a package on a thread of its own, so that a service goes on answering while it loads a model: reading and
 * checking the graph of 30 layers takes 100 to 200 ms, in which the event loop would do nothing else. This file is both
 * sides: the main thread starts it again as a worker. What comes back is plain data; weights are ranges of a file that
 * the main thread has opened, as descriptors belong to the process.
 */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { FileRange, readingFile } from '../circle/index.ts';
import type { ErrorCode } from '../error-codes.ts';
import { GgmaError } from '../errors.ts';
import type { Plan, StepLabel, TableData } from '../plan/index.ts';
import { assertSame } from './prepared/open.ts';
import { PreparedTables } from './prepared/tables.ts';

/** Everything of a plan that is no function. */
type PlainPlan = Omit<Plan, 'sources' | 'tables' | 'positions' | 'labels'>;

export interface CompiledPlan extends PlainPlan {
  sources: (Uint8Array | FileRange)[];
  tables: PreparedTables['tables'];
  labels(): StepLabel[];
  loadTables(end: number): Promise<void> | null;
}

export interface CompiledOnThread {
  isPrepared: false;
  plan: CompiledPlan;
  assertUnchanged(): void;
  close(): void;
}

/** A part of the open file, or bytes. */
type SentSource = Uint8Array | { offset: number; byteLength: number };

interface Job {
  /** Tells this worker from one that somebody else started with a file that contains this code. */
  ggma: 'compile';
  fd: number;
  path: string;
  /** Positions that a context may have at most. */
  positions: number;
}

type Message =
  | { kind: 'compile' }
  | { kind: 'plan'; plan: PlainPlan; sources: SentSource[]; tables: TableData; labels: StepLabel[] }
  | {
      kind: 'error';
      code: ErrorCode;
      message: string;
      path?: string;
      values?: Readonly<Record<string, number>>;
    }
  | { kind: 'fault'; error: unknown };

export interface CompileOptions {
  /** Positions that a context may have at most: their rows of the position tables are made on the thread, too. */
  positions: number;
  /** Called when the file has been read; what it throws ends the thread. */
  onCompile(): void;
  signal?: AbortSignal | undefined;
}

/**
 * Whether this code can run as a worker: a loader for TypeScript, which tests use, is not there on a new thread, and in a
 * bundle of somebody's own the file is another program.
 */
export function canCompileOnThread(): boolean {
  return /\/chunks\/compile-thread(?:-\w+)?\.js$/.test(new URL(import.meta.url).pathname);
}

/**
 * The plan of the Circle file `path`, which stays open until `close()`.
 * @returns null where the system starts no thread: the caller compiles itself then
 * @throws GgmaError INPUT, IO, CIRCLE_*, SIGNATURE, PLAN_*, OUT_OF_MEMORY; the signal's reason
 */
export async function compileOnThread(
  path: string,
  options: CompileOptions,
): Promise<CompiledOnThread | null> {
  const fd = readingFile(path, () => openSync(path, 'r'));
  try {
    const opened = fstatSync(fd);
    const answer = await ask({ ggma: 'compile', fd, path, positions: options.positions }, options);
    if (answer === null) {
      closeSync(fd);
      return null;
    }
    const { plan, sources, labels } = answer;
    const tables = new PreparedTables(answer.tables, path);
    return {
      isPrepared: false,
      plan: {
        ...plan,
        sources: sources.map((source) =>
          source instanceof Uint8Array ? source : new FileRange(fd, source.offset, source.byteLength, path),
        ),
        tables: tables.tables,
        labels: () => labels,
        loadTables: (end) => tables.load(end),
      },
      assertUnchanged: () => assertSame(fd, opened, path),
      close: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Runs the job on a new thread, and ends the thread. */
async function ask(
  job: Job,
  { onCompile, signal }: CompileOptions,
): Promise<(Message & { kind: 'plan' }) | null> {
  let worker: Worker;
  try {
    // Flags of the process, such as a loader of the application's own, are none of this thread's business.
    worker = new Worker(new URL(import.meta.url), { workerData: job, execArgv: [], name: 'ggma compile' });
  } catch {
    return null;
  }
  let onAbort = (): void => {};
  try {
    return await new Promise((resolve, reject) => {
      let hasAnswered = false;
      onAbort = () => reject(signal!.reason);
      signal?.addEventListener('abort', onAbort);
      worker.on('message', (message: Message) => {
        hasAnswered = true;
        try {
          if (message.kind === 'compile') onCompile();
          else if (message.kind === 'plan') resolve(message);
          else reject(errorOf(message));
        } catch (error) {
          reject(error);
        }
      });
      worker.on('error', (error: Error & { code?: string }) => {
        if (error.code === 'ERR_WORKER_OUT_OF_MEMORY')
          reject(
            new GgmaError('OUT_OF_MEMORY', 'expected memory to compile the model, got none', {
              path: job.path,
            }),
          );
        else if (hasAnswered) reject(error);
        else resolve(null);
      });
      worker.on('exit', () => resolve(null));
    });
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // The descriptor is closed by the caller: the thread must have stopped reading it before, or it could read another
    // file that gets the same number.
    await worker.terminate();
  }
}

function errorOf(message: Message & { kind: 'error' | 'fault' }): unknown {
  if (message.kind === 'fault') return message.error;
  const { code, message: text, path, values } = message;
  return new GgmaError(code, text, {
    ...(path === undefined ? {} : { path }),
    ...(values === undefined ? {} : { values }),
  });
}

/** The thread's side. */
async function work({ fd, path, positions }: Job, send: (message: Message) => void): Promise<void> {
  try {
    const { openCompiled, tableData } = await import('./compiled.ts');
    const { plan } = openCompiled(fd, path, () => send({ kind: 'compile' }));
    const { sources, tables: _tables, positions: _positions, labels, ...plain } = plan;
    send({
      kind: 'plan',
      plan: plain,
      sources: sources.map((source) =>
        source instanceof Uint8Array ? source : { offset: source.offset, byteLength: source.byteLength },
      ),
      tables: tableData(plan, positions),
      labels: labels(),
    });
  } catch (error) {
    if (error instanceof GgmaError) {
      const { code, message, path: at, values } = error;
      send({
        ...{ kind: 'error', code, message },
        ...(at === undefined ? {} : { path: at }),
        ...(values === undefined ? {} : { values }),
      });
    } else send({ kind: 'fault', error });
  }
}

if (!isMainThread && (workerData as Partial<Job> | null)?.ggma === 'compile')
  void work(workerData as Job, (message) => parentPort!.postMessage(message));
