/** o2o verify: whether models are sound, and whether the files of packages are those that ggma.json records. */
import { statSync } from 'node:fs';
import { FINDINGS, type Finding, type Verification, verifyModel } from '../../circle/index.ts';
import { GgmaError } from '../../errors.ts';
import { fileProblems, verifyPackage } from '../../package/index.ts';
import { exitCode, type Invocation, writeAll } from '../common/index.ts';
import { openModel, STDIN, type Word, writeLines } from './word.ts';

/** A finding, or what kept the file from being read at all. */
interface Reported extends Omit<Finding, 'code'> {
  code: string;
}

interface Result extends Omit<Verification, 'findings'> {
  file: string;
  /** Of a folder: how many files were compared with ggma.json; null where there is none. */
  recorded?: number | null;
  findings: Reported[];
}

export const verify: Word = {
  count: [0, Infinity],
  options: {
    json: { type: 'boolean', help: 'findings as JSON' },
    strict: { type: 'boolean', help: 'exit 1 for warnings too' },
    codes: { type: 'boolean', help: 'list what can be found, and end' },
    quiet: { type: 'boolean', short: 'q', help: 'say nothing about sound files' },
  },
  details:
    'One line a finding: LEVEL CODE PATH: MESSAGE. Exits 1 when there are errors. Of a folder that opm made, every file is\ncompared with the size and hash in its ggma.json, too.',
  async run(invocation) {
    if (invocation.flag('codes')) {
      await writeLines(invocation, codeList());
      return exitCode.done;
    }
    const files = invocation.positionals.length > 0 ? invocation.positionals : [undefined];
    const results: Result[] = [];
    for (const file of files) {
      const result = await check(invocation, file);
      results.push(result);
      if (!invocation.flag('json'))
        await writeLines(
          invocation,
          result.findings.map((finding) => line(finding, files.length > 1 ? `${result.file}: ` : '')),
        );
      if (result.errors + result.warnings > 0 || !invocation.flag('quiet'))
        await writeAll(invocation.streams.stderr, `${summary(result)}\n`);
    }
    if (invocation.flag('json')) await invocation.write(`${JSON.stringify(results, null, 2)}\n`);
    const isBad = results.some(
      ({ errors, warnings }) => errors > 0 || (invocation.flag('strict') && warnings > 0),
    );
    return isBad ? exitCode.failed : exitCode.done;
  },
};

/** A file that cannot be read as Circle has one finding; one that cannot be read at all ends the command. */
async function check(invocation: Invocation, file: string | undefined): Promise<Result> {
  const name = file ?? STDIN;
  if (file !== undefined && statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    return { file: name, ...(await verifyPackage(file, { signal: invocation.signal })) };
  }
  try {
    return { file: name, ...verifyModel(await openModel(invocation, file)) };
  } catch (error) {
    if (!(error instanceof GgmaError) || !error.code.startsWith('CIRCLE_')) throw error;
    const { code, message, path = '' } = error;
    const finding: Reported = { code, level: 'error', path: path === name ? 'model' : path, message };
    return { file: name, findings: [finding], errors: 1, warnings: 0 };
  }
}

/** `error    BUFFER_INDEX  a number of …` */
function codeList(): string[] {
  const rows = [
    ...Object.entries(FINDINGS).map(([code, { level, summary }]) => [level, code, summary] as const),
    ...Object.entries(fileProblems).map(([code, summary]) => ['error', code, summary] as const),
  ];
  const width = Math.max(...rows.map(([, code]) => code.length)) + 2;
  return rows.map(([level, code, text]) => `${level.padEnd(9)}${code.padEnd(width)}${text}`);
}

function line({ level, code, path, message }: Reported, prefix: string): string {
  return `${prefix}${level} ${code} ${path}: ${message.replaceAll(/\s*[\r\n]+\s*/g, ' ')}`;
}

function summary({ file, recorded, findings, errors, warnings }: Result): string {
  const hidden = errors + warnings - findings.length;
  const rest = hidden > 0 ? ` (${hidden} not shown)` : '';
  const compared =
    recorded === undefined
      ? ''
      : recorded === null
        ? ' (no ggma.json: no hashes to compare)'
        : ` (${count(recorded, 'file')} as recorded)`;
  return errors + warnings === 0
    ? `${file}: sound${compared}`
    : `${file}: ${count(errors, 'error')}, ${count(warnings, 'warning')}${rest}`;
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}
