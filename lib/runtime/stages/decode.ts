/** The first stage: gives each token its text. */
import type { StreamDecoder, Tokenizer } from '../../text/index.ts';
import type { Piece, Stage } from './stage.ts';

export class DecodeStage implements Stage {
  readonly ending = null;
  readonly #decoder: StreamDecoder;
  readonly #pieces: number;
  readonly #names: ReadonlyMap<number, string>;

  /**
   * @param prompt what the answer continues: it decides whether a leading space belongs to the answer
   * @param specials special tokens have their names as text: a response template looks for them
   */
  constructor(tokenizer: Tokenizer, prompt: readonly number[], specials: boolean) {
    // Ids beyond the tokenizer have no text, so they do not come between the prompt's text and the answer's.
    const after = prompt.filter((id) => id < tokenizer.vocabSize);
    this.#decoder = tokenizer.streamDecoder({ after });
    this.#pieces = tokenizer.vocabSize;
    this.#names = new Map(specials ? [...tokenizer.specials].map(([name, id]) => [id, name]) : []);
  }

  push(pieces: readonly Piece[]): Piece[] {
    return pieces.map((piece) => (piece.type === 'text' ? { ...piece, text: this.#textOf(piece) } : piece));
  }

  /** The U+FFFD of a character whose bytes are not all there belongs to no new token. */
  end(): Piece[] {
    return [{ type: 'text', text: this.#decoder.end(), tokens: [] }];
  }

  /** A model's logits may be wider than its tokenizer: ids that the tokenizer does not know have no text. */
  #textOf({ tokens }: Piece): string {
    let text = '';
    for (const { id } of tokens)
      text += this.#names.get(id) ?? (id < this.#pieces ? this.#decoder.push([id]) : '');
    return text;
  }
}
