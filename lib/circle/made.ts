/**
 * Constants whose bytes are computed when the file is written. They consist of units (elements, blocks, rows) that can
 * only be made whole, while a writer asks for any bytes: this class turns one into the other.
 */
import type { MadeRange } from './source.ts';

/** Bytes that are made in one go, rounded to whole units. Larger pieces gain no speed and take more memory. */
const PIECE_BYTES = 2 ** 18;

/** Writes whole units to `target`, from unit `first` on; `target` is as long as the units that are wanted. */
export type MakeUnits = (first: number, target: Uint8Array) => void;

export class MadeUnits implements MadeRange {
  readonly byteLength: number;
  readonly #unit: number;
  readonly #make: MakeUnits;

  /**
   * @param byteLength a multiple of `unit`
   * @param unit bytes of a unit
   */
  constructor(byteLength: number, unit: number, make: MakeUnits) {
    this.byteLength = byteLength;
    this.#unit = unit;
    this.#make = make;
  }

  read(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(bytes, 0);
    return bytes;
  }

  copyTo(target: Uint8Array, from: number): void {
    const unit = this.#unit;
    const piece = Math.max(1, Math.floor(PIECE_BYTES / unit)) * unit;
    const end = from + target.byteLength;
    for (let at = from; at < end; ) {
      const inUnit = at % unit;
      if (inUnit > 0 || end - at < unit) {
        // The caller's bytes begin or end within a unit: it is made whole on the side.
        const whole = new Uint8Array(unit);
        this.#make((at - inUnit) / unit, whole);
        const part = whole.subarray(inUnit, Math.min(unit, inUnit + end - at));
        target.set(part, at - from);
        at += part.byteLength;
      } else {
        const size = Math.min(piece, end - at - ((end - at) % unit));
        this.#make(at / unit, target.subarray(at - from, at - from + size));
        at += size;
      }
    }
  }
}

const scratches: ArrayBuffer[] = [];

/**
 * Lends `use` memory for one piece. It is used again by the next caller: gigabytes of weights pass through a few
 * hundred kilobytes, where an allocation for each piece would leave its memory to a collector that runs late.
 * @param byteLength what is lent, 8-byte aligned; its content is arbitrary
 */
export function withScratch<T>(byteLength: number, use: (scratch: Uint8Array<ArrayBuffer>) => T): T {
  const known = scratches.pop();
  const buffer =
    known !== undefined && known.byteLength >= byteLength
      ? known
      : new ArrayBuffer(Math.max(byteLength, PIECE_BYTES));
  try {
    return use(new Uint8Array(buffer, 0, byteLength));
  } finally {
    scratches.push(buffer);
  }
}
