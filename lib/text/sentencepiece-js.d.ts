/** The part of sentencepiece-js that ggma uses; the package has no types. */
declare module 'sentencepiece-js' {
  export class SentencePieceProcessor {
    load(path: string): Promise<void>;
    encodeIds(text: string): number[];
    decodeIds(ids: number[]): string;
  }
  const library: { SentencePieceProcessor: typeof SentencePieceProcessor };
  export default library;
}
