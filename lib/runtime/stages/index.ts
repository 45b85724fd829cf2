/** The list of stages that an answer goes through, and what runs it. */
import type { Tokenizer } from '../../text/index.ts';
import { DecodeStage } from './decode.ts';
import { type ResponseReading, ResponseStage } from './response.ts';
import type { Ending, Piece, Stage, Token } from './stage.ts';
import { StopStage } from './stop.ts';

export {
  appendParts,
  type Part,
  partsOf,
  type ReasoningPart,
  type TextPart,
  type ToolCallPart,
  textOf,
} from './parts.ts';
export { type ResponseReading, ResponseStage } from './response.ts';
export type { Ending, Piece, Stage, Token } from './stage.ts';

/** What of a request the stages depend on. */
export interface StageOptions {
  /** The prompt. */
  readonly ids: readonly number[];
  readonly stops: readonly string[];
  /** How parts are told apart; null: everything is text. */
  readonly reading: ResponseReading | null;
}

/** Without a tokenizer there is no text, so nothing looks at it. */
export function stagesFor(tokenizer: Tokenizer | null, { ids, stops, reading }: StageOptions): Stage[] {
  if (tokenizer === null) return [];
  return [
    new DecodeStage(tokenizer, ids, reading !== null),
    ...(stops.length === 0 ? [] : [new StopStage(stops)]),
    ...(reading === null ? [] : [new ResponseStage(reading)]),
  ];
}

export class Pipeline {
  readonly #stages: readonly Stage[];
  #ending: Ending | null = null;

  constructor(stages: readonly Stage[]) {
    this.#stages = stages;
  }

  /** Not null once a stage has ended the answer: nothing more comes out then. */
  get ending(): Ending | null {
    return this.#ending;
  }

  push(tokens: readonly Token[]): Piece[] {
    return this.#run(
      tokens.map((token) => ({ type: 'text', text: '', tokens: [token] })),
      false,
    );
  }

  /** No more tokens come: what the stages held back. */
  end(): Piece[] {
    return this.#run([], true);
  }

  /** A stage that ends the answer ends the stages behind it; what those before it hold back lies beyond the end. */
  #run(first: readonly Piece[], last: boolean): Piece[] {
    if (this.#ending !== null) return [];
    let pieces = [...first];
    let ends = last;
    for (const stage of this.#stages) {
      pieces = stage.push(pieces);
      if (ends) pieces.push(...stage.end());
      if (stage.ending === null) continue;
      this.#ending = stage.ending;
      ends = true;
    }
    return pieces;
  }
}
