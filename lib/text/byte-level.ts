/** GPT-2's way of spelling bytes as characters, and its pattern. */

/** Splits a text before it is spelt as bytes, as the original has it (Oniguruma's syntax). */
export const gpt2Pattern =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Per byte: printable Latin-1 characters are themselves, the other bytes follow from U+0100 on. */
export const spelledBytes: readonly string[] = (() => {
  const printable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : next++));
})();

const byteOfCharacter: ReadonlyMap<string, number> = new Map(
  spelledBytes.map((character, byte) => [character, byte]),
);

/** A token with a character that stands for no byte (an added token) is its own text. */
export function spellBytes(piece: string): Uint8Array {
  const bytes = Array.from(piece, (character) => byteOfCharacter.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : Buffer.from(piece);
}
