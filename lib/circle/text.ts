/**
 * Strings of the file ⇄ JavaScript strings without loss. The format asks for UTF-8 but nothing enforces it; a byte
 * that is not UTF-8 becomes the lone surrogate U+DC00 + byte and is written back as that byte.
 */
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

export function decodeText(bytes: Uint8Array): string {
  if (isAscii(bytes)) return Buffer.prototype.latin1Slice.call(bytes, 0, bytes.length);
  try {
    return strict.decode(bytes);
  } catch {
    return decodeBroken(bytes);
  }
}

/** Nearly all names are, and most files hold thousands of them. */
function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return false;
  return true;
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

export function encodeText(text: string): Uint8Array {
  if (!/\p{Surrogate}/u.test(text)) return encoder.encode(text);
  const bytes: number[] = [];
  // Iterating gives code points, and lone surrogates one by one.
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xdc80 && code <= 0xdcff) bytes.push(code - 0xdc00);
    else bytes.push(...encoder.encode(character));
  }
  return Uint8Array.from(bytes);
}
