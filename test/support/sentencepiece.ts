/** Bytes of SentencePiece models (protocol buffers), for tests that need one with other pieces. */

/** ModelProto.SentencePiece.Type */
const USER_DEFINED = 4;

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

/** A field of bytes, a string or a message. */
export function field(number: number, bytes: Iterable<number>): number[] {
  const body = [...bytes];
  return [...varint(number * 8 + 2), ...varint(body.length), ...body];
}

export function numberField(index: number, value: number): number[] {
  return [...varint(index * 8), ...varint(value)];
}

/** One piece of a model. */
export function piece(text: string, type?: number): number[] {
  return field(1, [...field(1, Buffer.from(text)), ...(type === undefined ? [] : numberField(3, type))]);
}

/** The model with user-defined pieces behind its own. */
export function withUserDefined(model: Uint8Array, ...texts: string[]): Uint8Array {
  return Buffer.concat([model, Uint8Array.from(texts.flatMap((text) => piece(text, USER_DEFINED)))]);
}
