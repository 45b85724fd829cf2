/** The part of sentencepiece-js that ggma uses; the package has no types. */
declare module 'sentencepiece-js' {
  interface Deletable {
    delete(): void;
  }
  interface StringView extends Deletable {
    getView(): Deletable;
  }
  /** What Emscripten made of the C++ library. */
  interface SentencePieceModule {
    FS: { writeFile(name: string, bytes: Uint8Array): void; unlink(name: string): void };
    StringView: new (text: string) => StringView;
    SentencePieceProcessor: new () => { Load(name: Deletable): Deletable };
  }
  export class SentencePieceProcessor {
    /** Set by {@link load}; there is no other way to one. */
    sentencepiece: SentencePieceModule;
    processor: { Load(name: Deletable): Deletable };
    load(path: string): Promise<void>;
    encodeIds(text: string): number[];
    decodeIds(ids: number[]): string;
  }
  const library: { SentencePieceProcessor: typeof SentencePieceProcessor };
  export default library;
}
