/** The lines of the graph language that speak of the whole model. */
import type { Module, SignaturePort, Value } from '../../../lib/ir/graph/index.ts';
import type { Constants } from './data.ts';
import { hexBytes, readField } from './fields.ts';
import type { Words } from './scan.ts';

/** `model version=3 description="…"` */
export function readModelLine(words: Words, module: Module): void {
  words.next();
  while (!words.isAtEnd) readField(words, 'Model', module as never);
}

/** `metadata NAME = "text"` */
export function readMetadata(words: Words, module: Module, constants: Constants): void {
  words.next();
  const name = words.name();
  words.expect('=');
  const { kind, text } = words.next();
  const data =
    kind === 'string'
      ? new TextEncoder().encode(JSON.parse(text) as string)
      : kind === 'hash'
        ? constants(text.slice('sha256:'.length))
        : text === 'null'
          ? null
          : hexBytes(text);
  if (data === undefined) throw new Error(`nobody knows the bytes of ${text}`);
  const buffer = { data };
  // The first buffer stands for "no data".
  void module.sentinel;
  module.buffers.push(buffer);
  module.metadata = [...(module.metadata ?? []), { name, buffer }];
}

/** `signature KEY: graph 0 (PORT = x, y) -> (z)` */
export function readSignature(
  words: Words,
  module: Module,
  tensor: (graph: number, words: Words) => Value,
): void {
  words.next();
  const key = words.take('-') ? null : words.name();
  words.expect(':');
  words.expect('graph');
  const graph = Number(words.next().text);
  const port = (): SignaturePort => {
    const isNameless = words.is('-') && words.is('=', 1);
    if (!isNameless && !words.is('=', 1)) {
      const value = tensor(graph, words);
      return { name: value.attributes.name, value };
    }
    const name = isNameless ? null : words.peek().kind === 'tensor' ? null : words.name();
    if (isNameless) words.next();
    words.expect('=');
    return { name, value: tensor(graph, words) };
  };
  const ports = () => (words.take('-') ? null : words.list('(', ')', port));
  const inputs = ports();
  words.expect('->');
  const outputs = ports();
  const found = module.graphs[graph];
  if (!found) throw new Error(`no graph ${graph}`);
  module.signatures = [...(module.signatures ?? []), { key, graph: found, inputs, outputs }];
}
