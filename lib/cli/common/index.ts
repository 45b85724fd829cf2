export { writeAtomically } from './atomic.ts';
export { type CommandSpec, Invocation, type OptionSpec, parseInteger, runCommand } from './command.ts';
export {
  checkDescriptors,
  type Descriptors,
  standardDescriptors,
  writeFully,
  writeModelTo,
} from './descriptors.ts';
export { errorLine, exitCode, OutputClosed, UsageError } from './errors.ts';
export { optionSpecs, readOptions } from './options.ts';
export { Progress } from './progress.ts';
export {
  processStreams,
  refuseTerminalInput,
  refuseTerminalOutput,
  type Streams,
  writeAll,
} from './streams.ts';
export { warmUpFor } from './warm-up.ts';
export { runWords, type Word } from './words.ts';
