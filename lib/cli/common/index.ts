export { type CommandSpec, Invocation, type OptionSpec, parseInteger, runCommand } from './command.ts';
export { errorLine, exitCode, OutputClosed, UsageError } from './errors.ts';
export { readAll, readInput, writeAtomically } from './files.ts';
export {
  processStreams,
  refuseTerminalInput,
  refuseTerminalOutput,
  type Streams,
  writeAll,
} from './streams.ts';
