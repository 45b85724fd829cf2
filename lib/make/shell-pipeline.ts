/**
 * The reference's pipeline.yaml has shell commands where ours has lists:
 *
 *     decode: |
 *       reshape.io.py input … < decode.circle | transpose.io.kvcache.py > _.circle && mv _.circle decode.circle
 *     merge: |
 *       merge.circles.py prefill.circle decode.circle | … | gc.py > model.circle
 *
 * No shell runs: a command has to be a pipe of filters, from the stage's file to the stage's file, and is read as that.
 */
import { pipelineError } from './pipeline.ts';

/** Whether a stage is written as a command: a filter's own words have neither pipes nor redirections. */
export function isShell(text: string): boolean {
  return /[|<>]/.test(text);
}

export interface ShellStage {
  /** The commands of the pipe, as our own pipelines write them. */
  filters: string[];
}

/**
 * @param stage for messages
 * @param inputs what the pipe may read, by `<`; empty where its first command names its files itself
 * @param output the file that must be there in the end, directly or by `mv`
 * @throws GgmaError PIPELINE
 */
export function readShellStage(
  text: string,
  stage: string,
  inputs: readonly string[],
  output: string,
): ShellStage {
  const fail = (expected: string, got: string): never => {
    throw pipelineError(`expected ${expected} for ${stage}, got ${JSON.stringify(got)}`);
  };
  const [pipe, ...moves] = separate(text.replaceAll('\n', ' '), '&&');
  let written: string | null = null;
  const commands = separate(pipe!, '|');
  const filters = commands.map((command, i) => {
    const { words, from, to } = redirections(command);
    if (from !== null && (i > 0 || !inputs.includes(from)))
      fail(inputs.length > 0 ? `a pipe that reads ${inputs.join(' or ')}` : 'no <', `< ${from}`);
    if (i === 0 && from === null && inputs.length > 0) fail(`< ${inputs[0]} in its first command`, command);
    if (to !== null && i < commands.length - 1) fail('one > behind the last command', command);
    written = to;
    if (words === '') fail('a command', command);
    return words.replace(/^(\S+)\.py(?=\s|$)/, '$1');
  });
  for (const move of moves) {
    const [, from, to] = /^mv\s+(\S+)\s+(\S+)$/.exec(move) ?? fail('mv FROM TO behind &&', move);
    if (from !== written) fail(`mv ${written ?? ''} …`, move);
    written = to!;
  }
  if (written !== output) fail(`a pipe that writes ${output}`, written ?? 'nothing');
  return { filters };
}

const QUOTED = /'[^']*'|"[^"]*"/y;

/** Parts between separators that stand outside of quotes. */
function separate(text: string, separator: string): string[] {
  const parts: string[] = [];
  let begin = 0;
  for (let at = 0; at < text.length; ) {
    QUOTED.lastIndex = at;
    const quoted = QUOTED.exec(text);
    if (quoted !== null) at += quoted[0].length;
    else if (text.startsWith(separator, at)) {
      parts.push(text.slice(begin, at).trim());
      at += separator.length;
      begin = at;
    } else at++;
  }
  return [...parts, text.slice(begin).trim()];
}

/** Takes `< FILE` and `> FILE` out of a command. */
function redirections(command: string): { words: string; from: string | null; to: string | null } {
  let from: string | null = null;
  let to: string | null = null;
  const words = command.replace(
    /('[^']*'|"[^"]*")|([<>])\s*([^\s<>|&;]+)/g,
    (whole: string, quoted: string | undefined, arrow: string, file: string) => {
      if (quoted !== undefined) return whole;
      if (arrow === '<') from = file;
      else to = file;
      return '';
    },
  );
  return { words: words.trim(), from, to };
}
