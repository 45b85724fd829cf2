/** Texts in boxes: whole, in lines that are short enough. */

/** Characters of a line. */
const LINE_LENGTH = 32;
/** A name of more lines than this is cut; the panel at the side shows all of it. */
const MAX_LINES = 8;

/** The text in lines, broken behind a space or, within a long word, behind another separator. */
export function wrap(text: string, length = LINE_LENGTH): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > length) {
    if (lines.length === MAX_LINES - 1) return [...lines, `${rest.slice(0, length - 1)}…`];
    const end = lastBehind(/\s/, rest, length) ?? lastBehind(/[,_./:;-]/, rest, length) ?? length;
    lines.push(rest.slice(0, end).trimEnd());
    rest = rest.slice(end).trimStart();
  }
  return rest === '' && lines.length > 0 ? lines : [...lines, rest];
}

/** The last place behind such a character that leaves a line not too short. */
function lastBehind(separator: RegExp, text: string, length: number): number | undefined {
  for (let end = length; end > length / 3; end--) if (separator.test(text[end - 1]!)) return end;
  return undefined;
}

/** Items in lines, as many on each as there is room for; only an item longer than a line is broken. */
export function pack(items: readonly string[], separator = ', ', length = LINE_LENGTH): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + separator.length + item.length <= length)
      lines[lines.length - 1] = last + separator + item;
    else lines.push(...wrap(item, length));
  }
  return lines;
}

export function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** 1.5 MB; powers of ten, as files are measured. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [size, unit] = [bytes, 0];
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : Number(size.toPrecision(3))} ${units[unit]}`;
}
