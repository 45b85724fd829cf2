/**
 * Pieces of a file from all over it. Files whose size and time of change are equal are taken for the same, but tools
 * that unpack or build may give all files one time: other weights differ everywhere, so also in a sample.
 */
import { readFully } from '../../circle/index.ts';

const PIECES = 16;
const PIECE_BYTES = 1024;

/** Its first and its last bytes, and pieces at equal distances between them; a small file whole. */
export function sampleOf(fd: number, size: number, path: string): Uint8Array {
  const piece = Math.min(PIECE_BYTES, Math.ceil(size / PIECES));
  const sample = new Uint8Array(PIECES * piece);
  for (let i = 0; i < PIECES; i++) {
    const from = Math.floor(((size - piece) * i) / (PIECES - 1));
    readFully(fd, sample.subarray(i * piece, (i + 1) * piece), from, path);
  }
  return sample;
}
