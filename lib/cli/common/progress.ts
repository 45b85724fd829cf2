/** One line on a terminal that says what is being done; nothing elsewhere. */
import type { Streams } from './streams.ts';

/** Milliseconds between two pictures of a bar: a terminal is slow, and so is the eye. */
const period = 100;
const barWidth = 24;

export class Progress {
  readonly #stream: Streams['stderr'];
  #shown = 0;
  #label = '';

  constructor(stream: Streams['stderr']) {
    this.#stream = stream;
  }

  show(what: string): void {
    this.#label = '';
    this.#draw(what);
  }

  /** @param done of `total` bytes */
  bar(label: string, done: number, total: number): void {
    const now = Date.now();
    if (label === this.#label && done < total && now - this.#shown < period) return;
    this.#label = label;
    this.#shown = now;
    const share = total === 0 ? 1 : done / total;
    const filled = Math.round(share * barWidth);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`;
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#draw(`[${bar}] ${percent} % of ${size(total)}  ${label}`);
  }

  clear(): void {
    this.#draw('');
  }

  #draw(text: string): void {
    if (this.#stream.isTTY !== true) return;
    // A line that wraps could not be taken back.
    const { columns = 80 } = this.#stream as { columns?: number };
    this.#stream.write(`\r\x1b[K${text.slice(0, columns - 1)}`);
  }
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}
