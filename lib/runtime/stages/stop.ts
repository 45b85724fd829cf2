/** Ends the answer before the first stop string, and holds back text that may yet become one. */
import type { Ending, Piece, Stage, TextPiece, Token } from './stage.ts';
import { StopMatcher } from './stop-matcher.ts';

export class StopStage implements Stage {
  readonly #matcher: StopMatcher;
  /** The pieces that the text held by the matcher lies in, and tokens without text between them. */
  #held: TextPiece[] = [];
  #ending: Ending | null = null;

  /** @param stops none is empty, and all are well-formed UTF-16 */
  constructor(stops: readonly string[]) {
    this.#matcher = new StopMatcher(stops);
  }

  get ending(): Ending | null {
    return this.#ending;
  }

  push(pieces: readonly Piece[]): Piece[] {
    const shown: Piece[] = [];
    for (const piece of pieces) {
      if (this.#ending !== null) break;
      if (piece.type === 'text') this.#pushText(piece, shown);
      // A stop string cannot span parts of other kinds.
      else shown.push(...this.end(), piece);
    }
    return shown;
  }

  end(): Piece[] {
    if (this.#ending !== null) return [];
    const shown: Piece[] = [];
    this.#release(this.#matcher.end().length, shown);
    return shown;
  }

  #pushText(piece: TextPiece, shown: Piece[]): void {
    this.#held.push(piece);
    const { text, matched } = this.#matcher.push(piece.text);
    this.#release(text.length, shown);
    if (matched === null) return;
    this.#ending = { finishReason: 'stop', stopString: matched };
    // The tokens of the stop string were generated, so they count; their text is not shown.
    const tokens: Token[] = this.#held.flatMap((held) => held.tokens);
    this.#held = [];
    shown.push({ type: 'text', text: '', tokens });
  }

  /** Lets the next `length` characters through, each token with the first character of its text. */
  #release(length: number, shown: Piece[]): void {
    let room = length;
    for (let first = this.#held[0]; first !== undefined; first = this.#held[0]) {
      if (first.text.length > room) {
        if (room === 0) return;
        shown.push({ ...first, text: first.text.slice(0, room) });
        this.#held[0] = { ...first, text: first.text.slice(room), tokens: [] };
        return;
      }
      room -= first.text.length;
      shown.push(first);
      this.#held.shift();
    }
  }
}
