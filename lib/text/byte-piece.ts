/** The byte that a byte piece `<0xNN>` stands for, or null for a text that is none. */
export function byteOfPiece(text: string): number | null {
  const match = /^<0x([0-9A-F]{2})>$/.exec(text);
  return match ? Number.parseInt(match[1]!, 16) : null;
}
