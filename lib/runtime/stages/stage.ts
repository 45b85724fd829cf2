/**
 * A stage of the way from drawn tokens to what a caller sees. Stages stand in a list (index.ts): each takes the pieces
 * of the one before it and gives its own. To add one (say, for tool calls), write a file with a class that implements
 * {@link Stage} and put it into the list.
 */
import type { TokenLogprob } from '../logprobs.ts';

export interface Token {
  id: number;
  /** null: the request does not ask for it. */
  logprob: TokenLogprob | null;
}

interface Tokens {
  /**
   * The tokens whose text begins in this piece. A stage that holds text back holds its tokens back with it, so that a
   * later stage can tell which tokens a part was made of.
   */
  tokens: readonly Token[];
}

export interface TextPiece extends Tokens {
  type: 'text' | 'reasoning';
  text: string;
  /** Why this text, which the model wrote as something else (a tool call), cannot be read as that. */
  finding?: string;
}

export interface ToolCallPiece extends Tokens {
  type: 'toolCall';
  /** Which call of the answer: 0, 1, … */
  index: number;
  callId: string;
  name: string;
  /** JSON text; what this piece adds to it. */
  arguments: string;
  /** Why the arguments so far are all there is: the call ends in the middle, or goes on as no JSON. */
  finding?: string;
}

export type Piece = TextPiece | ToolCallPiece;

/** Why a stage ends the answer. */
export interface Ending {
  finishReason: 'stop';
  /** The stop string that was complete first. */
  stopString: string;
}

export interface Stage {
  /** What can be shown now. The stage holds back what later pieces may turn into something else. */
  push(pieces: readonly Piece[]): Piece[];
  /** No more pieces come: what was held back. */
  end(): Piece[];
  /** Not null once the stage has found the end of the answer. From then on it lets nothing through. */
  readonly ending: Ending | null;
}
