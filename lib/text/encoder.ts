/** Literal text → ids: the part of a tokenizer that a library does, and how two of them share the work. */
import type { CutRule } from './cuts.ts';

export interface Encoder {
  /**
   * @param text well-formed and not empty; nothing in it makes a special token
   * @param opens whether the text begins a text. Otherwise it continues one, and no space is put in front of it.
   * @throws GgmaError INPUT for a character that the vocabulary cannot spell
   */
  encode(text: string, opens: boolean): ArrayLike<number>;
  /** Where a text may be cut so that its parts, encoded alone, give the ids of the whole; null: nowhere for certain. */
  readonly cuts: CutRule | null;
  /** Resolves once the encoder is at its fastest for `length` more characters. */
  prepare?(length: number): Promise<void>;
}

/** Characters that the quick encoder has spent about as long on as the other one takes to start. */
const QUICK_LENGTH = 20_000;

/**
 * Two encoders that give the same ids: one that is there at once, and one that takes a while to start and is then
 * much faster. The second is started when so much has been encoded that starting it would have been worth it.
 */
export class GrowingEncoder implements Encoder {
  readonly #quick: Encoder;
  readonly #start: () => Promise<Encoder>;
  #fast: Encoder | null = null;
  #starting: Promise<void> | null = null;
  #encoded = 0;

  constructor(quick: Encoder, start: () => Promise<Encoder>) {
    this.#quick = quick;
    this.#start = start;
  }

  get cuts(): CutRule | null {
    return (this.#fast ?? this.#quick).cuts;
  }

  encode(text: string, opens: boolean): ArrayLike<number> {
    if (this.#fast !== null) return this.#fast.encode(text, opens);
    void this.prepare(text.length);
    return this.#quick.encode(text, opens);
  }

  async prepare(length: number): Promise<void> {
    this.#encoded += length;
    if (this.#fast !== null || this.#encoded < QUICK_LENGTH) return;
    // An encoder that does not start leaves the quick one, which gives the same ids.
    this.#starting ??= this.#start().then(
      (fast) => {
        this.#fast = fast;
      },
      () => {},
    );
    await this.#starting;
  }
}
