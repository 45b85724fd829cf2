/** sentencepiece-js: how a model gets into it from memory, changed where the file would do what ggma does not want. */
import { devNull } from 'node:os';
import { GgmaError } from '../errors.ts';
import { fenceProcessHandlers } from './fence.ts';
import { pieceType, type SentencePieceModel } from './sentencepiece-model.ts';

/** Encodes well-formed text with the model that it was made from. */
export type Processor = (text: string) => number[];

let lastLoad: Promise<unknown> = Promise.resolve();

/**
 * One load at a time: each compiles 0.7 MB of WASM and starts with a 17 MB heap.
 * @param where the file's path, for messages
 * @returns makes a processor of a model's bytes; more than one share the heap
 * @throws GgmaError TOKENIZER
 */
export function startSentencePiece(where: string): Promise<(model: Uint8Array) => Processor> {
  const start = () =>
    fenceProcessHandlers(async () => {
      // Imported on first use: it takes tens of milliseconds.
      const { default: library } = await import('sentencepiece-js');
      const first = new library.SentencePieceProcessor();
      // Its one way to start the WASM is to load a file. An empty one is refused, which it does not say.
      await first.load(devNull);
      const { sentencepiece } = first;
      return (model: Uint8Array): Processor => {
        const name = 'ggma.model';
        sentencepiece.FS.writeFile(name, model);
        const string = new sentencepiece.StringView(name);
        const view = string.getView();
        const processor = new library.SentencePieceProcessor();
        processor.sentencepiece = sentencepiece;
        processor.processor = new sentencepiece.SentencePieceProcessor();
        processor.processor.Load(view).delete();
        view.delete();
        string.delete();
        sentencepiece.FS.unlink(name);
        return (text) => processor.encodeIds(text);
      };
    }).catch((cause: unknown) => {
      throw new GgmaError('TOKENIZER', 'expected sentencepiece-js to load the model', { path: where, cause });
    });
  const result = lastLoad.then(start);
  lastLoad = result.catch(() => {});
  return result;
}

/**
 * The model's bytes with some pieces as control pieces, which SentencePiece never finds in a text: user-defined ones
 * ("<start_of_turn>") it would.
 * @param isControl for the id of a user-defined piece
 */
export function withControls(
  bytes: Uint8Array,
  { pieces }: SentencePieceModel,
  isControl: (id: number) => boolean,
): Uint8Array {
  const changed = Uint8Array.from(bytes);
  for (const [id, { type, typeOffset }] of pieces.entries())
    if (type === pieceType.userDefined && typeOffset !== null && isControl(id))
      changed[typeOffset] = pieceType.control;
  return changed;
}

/**
 * The model's bytes with one more normalizer_spec { add_dummy_prefix: false } at their end. Protocol buffers merge it
 * into the one before.
 */
export function withoutDummyPrefix(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, Uint8Array.of(0x1a, 2, 0x18, 0)]);
}
