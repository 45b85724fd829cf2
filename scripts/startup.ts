/**
 * What the start of a process may load. Everything else in lib is imported statically and in plain words; this table has
 * the exceptions, the build joins files by it, and test/e2e/start.test.ts and filter-start.test.ts hold them to it.
 */

/** An import that waits until it is needed. A test refuses any that is not in this list. */
export interface LazyImport {
  /** File of lib that has the import. */
  from: string;
  /** The file or package that it names. */
  to: string;
  /** Who does without it, and what it would cost. */
  because: string;
}

export const lazyImports: readonly LazyImport[] = [
  {
    from: 'cli/start.ts',
    to: './o2o.ts',
    because: 'filters are CommonJS; only the words of o2o need the library',
  },
  {
    from: 'cli/o2o.ts',
    to: './o2o/run-word.ts',
    because: 'filters need none of the compiler, the pages, the addon',
  },
  { from: 'cli/ggma_run.ts', to: '../make/index.ts', because: 'only the demo exports a model' },
  {
    from: 'cli/ggma_run.ts',
    to: './chat/index.ts',
    because: 'only a chat reads from a terminal (node:readline)',
  },
  {
    from: 'index.ts',
    to: './make/index.ts',
    because: 'only `prepare` makes packages; a service only loads them',
  },
  {
    from: 'package/load.ts',
    to: './compile-thread.ts',
    because: 'a prepared package starts no thread (node:worker_threads)',
  },
  { from: 'package/compile-thread.ts', to: './compiled.ts', because: 'the main thread has this file, too' },
  {
    from: 'package/load.ts',
    to: './compiled.ts',
    because: 'a prepared package is not compiled again (250 KB)',
  },
  {
    from: 'package/prepared/tables.ts',
    to: './positions.ts',
    because: 'only long prompts evaluate more rows',
  },
  {
    from: 'package/prepared/open.ts',
    to: '../manifest.ts',
    because: 'hashing loads node:crypto; a copied package does',
  },
  {
    from: 'package/verify.ts',
    to: '../circle/index.ts',
    because: 'a start reads no Circle file of a prepared package',
  },
  { from: 'package/tokenizer.ts', to: '../text/index.ts', because: 'a run from ids has no text' },
  {
    from: 'text/sentencepiece-library.ts',
    to: 'sentencepiece-js',
    because: 'WebAssembly, 90 ms; tokenizer.json may do',
  },
  { from: 'text/huggingface.ts', to: '@huggingface/tokenizers', because: 'tokenizer.model may do' },
  {
    from: 'cli/ggma/index.ts',
    to: '../ggma_run.ts',
    because: 'one command runs, the others stay on the disk',
  },
  { from: 'cli/ggma/index.ts', to: '../opm/index.ts', because: 'as above' },
  { from: 'cli/ggma/index.ts', to: '../o2o.ts', because: 'as above' },
  { from: 'cli/ggma/index.ts', to: './compile.ts', because: 'as above' },
];

/** Files of dist that the build makes of an entry and all that it always loads: each module costs a third of a millisecond. */
export const joinedFiles: readonly { entry: string; file: string }[] = [
  { entry: 'lib/index.ts', file: 'dist/chunks/start.js' },
  { entry: 'lib/package/compiled.ts', file: 'dist/chunks/compile.js' },
  { entry: 'lib/package/compile-thread.ts', file: 'dist/chunks/compile-thread.js' },
];

/** Outputs that take in what they import, but for joined files. */
export const inlinedEntries: readonly string[] = ['lib/cli/ggma_run.ts'];

export type StartName = 'filter' | 'prepared' | 'prepared, ggma_run' | 'exported, ids';

/** What a process may load: parts of lib, by their paths' beginnings, and how many files of dist. */
export interface Start {
  sources: readonly string[];
  files: readonly string[];
}

const running = [
  ...[
    'errors.ts',
    'system-error.ts',
    'json.ts',
    'fields.ts',
    'version.ts',
    'check-node.ts',
    'native.ts',
    'index.ts',
  ],
  ...[
    'runtime/',
    'options/',
    'model-sizes.ts',
    // Calls with messages are refused at once and not by a promise, so templates and parsers are there from the start (80 KB).
    'text/chat-template/',
    'text/response/',
    'package/',
    'circle/source.ts',
    'plan/packed.ts',
    'plan/format.ts',
    'text/tokenizer.ts',
    // tokenizer_config.json is read once, for tokenizer and chats (5 KB).
    ...['text/settings.ts', 'text/added-tokens.ts', 'text/plain.ts'],
  ],
];

export const starts: Readonly<Record<StartName, Start>> = {
  filter: {
    sources: [
      ...['errors.ts', 'system-error.ts', 'json.ts', 'fields.ts', 'version.ts'],
      ...['circle/', 'ir/', 'passes/', 'cli/common/', 'cli/o2o', 'cli/filters.ts'],
    ],
    files: ['cli/start.cjs', 'cli/filters.cjs'],
  },
  prepared: { sources: running, files: ['chunks/start.js', 'index.js'] },
  'prepared, ggma_run': {
    sources: [...running, 'cli/common/', 'cli/ggma_run.ts', 'cli/profile.ts'],
    files: ['bin/ggma_run.js', 'chunks/start.js', 'cli/ggma_run.js'],
  },
  'exported, ids': {
    sources: [...running, 'circle/', 'ir/', 'plan/'],
    // The thread that compiles begins with a file of its own, which the main thread has as well.
    files: ['chunks/compile-thread.js', 'chunks/compile.js', 'chunks/start.js', 'index.js'],
  },
};

/** Modules of Node that loading the filters must not load: each takes milliseconds, and a pipe pays for it seven times. */
export const heavyBuiltins: readonly string[] = [
  'crypto',
  'net',
  'tty',
  'http',
  'worker_threads',
  'child_process',
];

/** Written by the build for the tests: file of dist → the sources in it. */
export const bundlesFile = 'build/bundles.json';
