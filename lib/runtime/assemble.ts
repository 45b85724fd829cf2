/** Ids → shown text: streaming decoder, then stop strings. */
import type { StreamDecoder, Tokenizer } from '../text/index.ts';
import { StopMatcher } from './stop.ts';

export class TextAssembler {
  readonly #decoder: StreamDecoder | null;
  readonly #pieces: number;
  readonly #stops: StopMatcher;

  /** Without a tokenizer every text is "". */
  constructor(tokenizer: Tokenizer | null, stops: readonly string[]) {
    this.#decoder = tokenizer?.streamDecoder() ?? null;
    this.#pieces = tokenizer?.vocabSize ?? 0;
    this.#stops = new StopMatcher(stops);
  }

  /** Logits may be wider than the tokenizer; ids that it does not know stand for no text. */
  push(id: number): { text: string; matched: boolean } {
    if (this.#decoder === null || id >= this.#pieces) return { text: '', matched: false };
    return this.#stops.push(this.#decoder.push([id]));
  }

  /** The rest, when the generation ends for another reason than a stop string. */
  end(): string {
    const { text, matched } = this.#stops.push(this.#decoder?.end() ?? '');
    return matched ? text : text + this.#stops.end();
  }
}
