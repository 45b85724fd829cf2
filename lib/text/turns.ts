/** Long texts in steps: a few milliseconds of encoding, then everybody else's turn. */
import { setImmediate } from 'node:timers/promises';
import type { MayCut } from './cuts.ts';
import type { Encoder } from './encoder.ts';

/** Milliseconds after which a turn ends. One part of a text comes on top of it. */
const TURN_MS = 2;
/** Milliseconds that a part should take, and the bounds of its length, which follows the encoder's speed. */
const PART_MS = 1;
const MIN_PART = 128;
const MAX_PART = 32_768;

/** Time on the event loop, given back every few milliseconds. */
export class Turns {
  readonly #signal: AbortSignal | undefined;
  #began = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** Waits until others have had their turn, where this one has been long enough. @throws the signal's reason */
  async take(): Promise<void> {
    if (performance.now() - this.#began < TURN_MS) return;
    await this.rest();
  }

  async rest(): Promise<void> {
    await setImmediate();
    this.#signal?.throwIfAborted();
    this.#began = performance.now();
  }
}

/** Appends the ids of `text`, in order, to `lists`. */
export async function encodeInTurns(
  encoder: Encoder,
  text: string,
  opens: boolean,
  turns: Turns,
  lists: ArrayLike<number>[],
): Promise<void> {
  await encoder.prepare?.(text.length);
  await turns.take();
  // A text of one part needs no cuts, and to know them takes a while.
  const mayCut = text.length > MIN_PART && encoder.cuts !== null ? await encoder.cuts() : null;
  let length = MIN_PART;
  for (let at = 0; at < text.length; ) {
    const end = mayCut === null ? text.length : nextCut(text, at + length, at + length / 2, mayCut);
    const started = performance.now();
    lists.push(encoder.encode(text.slice(at, end), opens && at === 0));
    const took = performance.now() - started;
    if (took > PART_MS) length = Math.max(MIN_PART, Math.floor(length / 2));
    else if (took < PART_MS / 3) length = Math.min(MAX_PART, length * 2);
    at = end;
    await turns.take();
  }
}

/**
 * A cut in (low, wanted], before a space if possible, because what begins with one is the easiest to go on with; where
 * there is none, the first one behind; the end of the text if all else fails.
 */
function nextCut(text: string, wanted: number, low: number, mayCut: MayCut): number {
  if (wanted >= text.length) return text.length;
  for (let at = wanted; at > low; at--) if (text[at] === ' ' && mayCut(text, at)) return at;
  for (let at = wanted; at > low; at--) if (mayCut(text, at)) return at;
  for (let at = wanted + 1; at < text.length; at++) if (mayCut(text, at)) return at;
  return text.length;
}
