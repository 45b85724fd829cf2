/**
 * Strings of the file ⇄ JavaScript strings without loss. The format asks for UTF-8 but nothing enforces it; a byte
 * that is not UTF-8 becomes the lone surrogate U+DC00 + byte and is written back as that byte.
 */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function decodeText(buffer: Buffer, start: number, end: number): string {
  const text = buffer.toString('utf8', start, end);
  // The replacement character stands for a broken byte, or for itself.
  if (!text.includes('\ufffd')) return text;
  const bytes = buffer.subarray(start, end);
  try {
    return strict.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

function decodeBroken(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes[at]!);
    const sequence = bytes.subarray(at, at + length);
    let part: string | undefined;
    if (length > 0 && sequence.length === length) {
      try {
        part = strict.decode(sequence);
      } catch {
        part = undefined;
      }
    }
    parts.push(part ?? String.fromCharCode(0xdc00 + bytes[at]!));
    at += part === undefined ? 1 : length;
  }
  return parts.join('');
}

/** Length of the UTF-8 sequence that a byte opens, 0 when it opens none. */
function sequenceLength(byte: number): number {
  if (byte < 0x80) return 1;
  if (byte < 0xc2 || byte > 0xf4) return 0;
  return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

/** Writes the text into `target` at `at`, which must have room for 3 bytes a character; returns the bytes it took. */
export function encodeText(text: string, target: Buffer, at: number): number {
  if (text.isWellFormed()) return target.write(text, at, 'utf8');
  let end = at;
  // Iterating gives code points, and lone surrogates one by one.
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) target[end++] = code - 0xdc00;
    else end += target.write(character, end, 'utf8');
  }
  return end - at;
}
