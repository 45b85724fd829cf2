/**
 * The code blocks of a Markdown page, and what is to be done with each. A comment in front of a block says what its
 * language does not:
 *
 *     <!-- not run: REASON -->   nothing
 *     <!-- file: NAME -->        it is written to that file; nothing else
 *     <!-- exit: 1 -->           its command ends with that code
 *
 * Blocks of sh, js, cjs and ts are run; a text or json block behind one is what it prints, where … stands for
 * whatever is there, and on a line of its own for any lines.
 */

export interface Block {
  kind: 'run' | 'output' | 'file' | 'not run';
  language: string;
  text: string;
  /** Of its first line of text, from 1. */
  line: number;
  /** The file's name, or why it is not run. */
  note: string;
  exit: number;
}

const RUN = ['sh', 'js', 'cjs', 'ts'];
const OUTPUT = ['text', 'json'];

/** @throws Error for a block of which nobody would know what it is for */
export function blocksOf(page: string, markdown: string): Block[] {
  const lines = markdown.split('\n');
  const blocks: Block[] = [];
  for (let i = 0; i < lines.length; i++) {
    const where = `${page}:${i + 1}`;
    // Not to be told from text by a machine, so that nobody would run it.
    if (/^ {4,}\S/.test(lines[i]!) && (lines[i - 1] ?? '').trim() === '')
      throw new Error(`${where}: expected a fenced block, got an indented one`);
    const fence = /^(\s*)```(\S*)$/.exec(lines[i]!);
    if (fence === null) continue;
    if (fence[1] !== '') throw new Error(`${where}: expected a fence at the margin, got an indented one`);
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${where}: the block has no end`);
    const text = `${lines.slice(i + 1, end).join('\n')}\n`;
    const previous = blocks.at(-1)?.kind;
    blocks.push({ ...meaning(where, fence[2]!, lines[i - 1] ?? '', previous), text, line: i + 2 });
    i = end;
  }
  return blocks;
}

function meaning(
  where: string,
  language: string,
  comment: string,
  previous: Block['kind'] | undefined,
): Omit<Block, 'text' | 'line'> {
  const [, word, note] = /^<!-- (not run|file|exit): (.+) -->$/.exec(comment) ?? [];
  const base = { language, note: note ?? '', exit: 0 };
  if (word === 'not run' || word === 'file') return { ...base, kind: word };
  if (RUN.includes(language)) return { ...base, kind: 'run', exit: word === 'exit' ? Number(note) : 0 };
  if (OUTPUT.includes(language) && previous === 'run') return { ...base, kind: 'output' };
  throw new Error(`${where}: expected a block to run, its output, a file or a reason, got '${language}'`);
}

/** What a page links to within the project, without anchors, relative to the page's folder. */
export function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target]) => target!);
}

/** Whether a program printed what the page shows. */
export function showsOutput(shown: string, printed: string): boolean {
  const pattern = shown
    .trimEnd()
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replace(/^…$/gm, '[\\s\\S]*?')
    .replaceAll('…', '.*?');
  return new RegExp(`^${pattern}$`).test(printed.trimEnd());
}
