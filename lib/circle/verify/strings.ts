/**
 * STRING tensors: an int32 count, count + 1 int32 offsets from the start of the buffer, then the text. The first
 * offset is where the text starts, the last where the buffer ends.
 */
import type { CircleBuffer } from '../index.ts';

/** Remembers what it has read: many tensors may share one large buffer. */
export class StringChecker {
  readonly #known = new Map<CircleBuffer, { count: number; problem: string | undefined }>();

  /** What is wrong with the buffer of a tensor of `count` strings, as "expected … , got …". */
  check(buffer: CircleBuffer, count: number): string | undefined {
    let found = this.#known.get(buffer);
    if (!found) {
      const data = buffer.data!;
      found = read(data instanceof Uint8Array ? data : data.read());
      this.#known.set(buffer, found);
    }
    if (found.problem === undefined && found.count !== count)
      return `expected ${count} strings, got ${found.count}`;
    return found.problem;
  }
}

function read(bytes: Uint8Array): { count: number; problem: string | undefined } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bad = (problem: string) => ({ count: 0, problem });
  if (bytes.byteLength < 4) return bad(`expected a count of strings, got ${bytes.byteLength} bytes`);
  const count = view.getInt32(0, true);
  const head = 4 * (count + 2);
  if (count < 0 || head > bytes.byteLength)
    return bad(`expected ${bytes.byteLength} bytes to hold the offsets, got a count of ${count} strings`);
  for (let i = 0, last = head; i <= count; i++) {
    const offset = view.getInt32(4 + 4 * i, true);
    if (i === 0 ? offset !== head : offset < last)
      return bad(`expected rising offsets from ${head}, got ${offset} for string ${i}`);
    last = offset;
    if (i === count && offset !== bytes.byteLength)
      return bad(`expected the last offset at ${bytes.byteLength}, the end, got ${offset}`);
  }
  return { count, problem: undefined };
}
