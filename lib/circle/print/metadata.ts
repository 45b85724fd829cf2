/** Metadata entries: text where the bytes are text, else the bytes, or their hash. */
import type { CircleBuffer } from '../index.ts';
import { shortHash } from './constants.ts';
import { hexText } from './fields.ts';
import { sizeText } from './numbers.ts';

const SHOWN = 256;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function metadataText(buffer: CircleBuffer | undefined): string {
  const data = buffer?.data;
  if (!data) return 'null';
  const bytes = data instanceof Uint8Array ? data : data.read();
  if (bytes.byteLength > SHOWN) return `sha256:${shortHash(bytes)}  # ${sizeText(bytes.byteLength)}`;
  const text = textOf(bytes);
  return text === undefined ? hexText(bytes) : JSON.stringify(text);
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    const text = strict.decode(bytes);
    return text !== '' && /^[\P{Cc}\n\r\t]*$/u.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
