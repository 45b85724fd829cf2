/** What may follow the last byte that a file's tables refer to: padding, and nothing else. */
import type { Cursor } from './cursor.ts';
import { Fault } from './fault.ts';

/** Zeros that a writer may leave at the end: up to the page size of any system. */
const PADDING_LIMIT = 2 ** 16;

/**
 * Refuses bytes behind the model: a second model, or data that a rewrite would drop in silence. Data behind the
 * flatbuffer belongs to the model as far as a buffer or an operator names it.
 */
export function checkTail({ store, size, end }: Cursor): void {
  const rest = size - end;
  if (rest === 0) return;
  const tail = store.bytes(end, Math.min(rest, PADDING_LIMIT));
  const second = secondModel(tail);
  if (second !== undefined)
    throw new Fault(
      'CIRCLE_CORRUPT',
      `expected one model, got another one behind it, at byte ${end + second}; merge.circles puts files together`,
    );
  if (rest > PADDING_LIMIT || tail.some((byte) => byte !== 0))
    throw new Fault(
      'CIRCLE_CORRUPT',
      `expected the file to end at byte ${end}, the last that the model refers to, got ${rest} more bytes`,
    );
}

/** Where in the tail a Circle file starts: its identifier follows the four bytes of the root's offset. */
function secondModel(tail: Uint8Array): number | undefined {
  const at = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength).indexOf('CIR0', 4, 'latin1');
  return at < 0 ? undefined : at - 4;
}
