/** One line on a terminal that says what is being done; nothing elsewhere. */
import { performance } from 'node:perf_hooks';
import type { Streams } from './streams.ts';

/** Milliseconds between two pictures of a bar: a terminal is slow, and so is the eye. */
const PERIOD_MS = 100;
const BAR_WIDTH = 24;
/** The speed is that of the last seconds, so that it follows a network that becomes slower. */
const WINDOW_MS = 5000;
/** Before that, a few packets in a buffer would give a speed that no network has. */
const SETTLING_MS = 1000;

export class Progress {
  readonly #stream: Streams['stderr'];
  readonly #now: () => number;
  #shown = -Infinity;
  #label = '';
  /** Bytes that were there at a time, the oldest first; what an earlier run had brought counts for no speed. */
  #samples: { at: number; done: number }[] = [];

  /** @param now milliseconds; tests pass a clock of their own */
  constructor(stream: Streams['stderr'], now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  show(what: string): void {
    this.#label = '';
    this.#draw(what);
  }

  /** @param done of `total` bytes */
  bar(label: string, done: number, total: number): void {
    const now = this.#now();
    if (label !== this.#label) this.#samples = [];
    else if (done < total && now - this.#shown < PERIOD_MS) return;
    this.#label = label;
    this.#shown = now;
    const share = total === 0 ? 1 : done / total;
    const filled = Math.round(share * BAR_WIDTH);
    const bar = `${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}`;
    const percent = String(Math.floor(share * 100)).padStart(3);
    this.#draw(`[${bar}] ${percent} % of ${size(total)}${this.#speed(now, done, total)}  ${label}`);
  }

  clear(): void {
    this.#draw('');
  }

  /** `, 12.3 MB/s, 2 min left`; empty until there is something to say. */
  #speed(now: number, done: number, total: number): string {
    // A download that began again has fewer bytes than before.
    if (done < (this.#samples.at(-1)?.done ?? 0)) this.#samples = [];
    this.#samples.push({ at: now, done });
    while (this.#samples.length > 2 && now - this.#samples[1]!.at >= WINDOW_MS) this.#samples.shift();
    const [first] = this.#samples;
    const elapsed = now - first!.at;
    const bytes = done - first!.done;
    if (elapsed < SETTLING_MS || done >= total) return '';
    if (bytes === 0) return ', no data';
    const left = ((total - done) / bytes) * elapsed;
    return `, ${size((1000 * bytes) / elapsed)}/s, ${duration(left)} left`;
  }

  #draw(text: string): void {
    if (this.#stream.isTTY !== true) return;
    // A line that wraps could not be taken back.
    const { columns = 80 } = this.#stream as { columns?: number };
    this.#stream.write(`\r\x1b[K${text.slice(0, columns - 1)}`);
  }
}

function size(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const [divisor, unit] = bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(bytes / divisor).toFixed(1)} ${unit}`;
}

function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
