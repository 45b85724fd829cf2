/** A conversation that goes on: its history, and the keys and values of what was said so far. */
import { GgmaError } from '../../errors.ts';
import { checkOptions, type OptionsOf } from '../../options/index.ts';
import type { Completion } from '../answer.ts';
import type { Generation } from '../generation.ts';
import { chatStartOptions, type GenerateOptions, generateOptions } from '../options/index.ts';
import type { PrefixCache } from '../prefix-cache.ts';
import type { Part } from '../stages/index.ts';
import type { ChatMessage } from './messages.ts';

/** What the answers of a chat may be told, and what it begins with. */
export interface CreateChatOptions
  extends Omit<GenerateOptions, 'overflow' | 'signal'>,
    OptionsOf<typeof chatStartOptions> {}

/** Options of one answer, over those of the chat. */
export type SendOptions = Omit<GenerateOptions, 'overflow'>;

/** What a chat needs of its model. */
export interface ChatHost {
  readonly contextSize: number;
  generate(messages: readonly ChatMessage[], options: GenerateOptions, prefixes: PrefixCache): Generation;
  /** Tokens of the prompt that the messages become. */
  countTokens(messages: readonly ChatMessage[], options: GenerateOptions): number;
  newPrefixCache(parent: PrefixCache | null): PrefixCache;
}

/** Tokens that an answer should have room for, where neither chat nor call says maxTokens. */
const MAX_RESERVE = 512;

/** Nobody can ask a forgotten chat for more: its keys and values are given back. */
const forgotten = new FinalizationRegistry<PrefixCache>((prefixes) => prefixes.clear());

export class Chat {
  readonly #host: ChatHost;
  readonly #options: Omit<GenerateOptions, 'overflow' | 'signal'>;
  readonly #dropsTurns: boolean;
  readonly #first: readonly ChatMessage[];
  readonly #prefixes: PrefixCache;
  #history: ChatMessage[];
  #droppedMessages = 0;
  #answering = false;

  constructor(host: ChatHost, given: CreateChatOptions, parent: PrefixCache | null = null) {
    const { overflow: _, signal: __, ...rows } = generateOptions;
    checkOptions('createChat', given, { ...rows, ...chatStartOptions });
    const { system, messages = [], overflow = 'error', ...options } = given;
    this.#host = host;
    this.#options = options;
    this.#dropsTurns = overflow === 'drop-oldest-turns';
    this.#first = [
      ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
      ...messages,
    ];
    this.#history = [...this.#first];
    this.#prefixes = host.newPrefixCache(parent);
    forgotten.register(this, this.#prefixes);
  }

  /** All messages so far, the system's and the last answer included. */
  get history(): readonly ChatMessage[] {
    return [...this.#history];
  }

  /** Messages that the last prompt left out (overflow). */
  get droppedMessages(): number {
    return this.#droppedMessages;
  }

  /**
   * Says something, and reads the answer part by part. Work starts when the answer is read. When it ends, also early,
   * the history has the message and the answer; when it fails, neither.
   * @param said a text of the user, a message (a tool's result), or several
   * @throws GgmaError as Model.generate; CHAT_BUSY while another answer is read
   */
  send(said: string | ChatMessage | readonly ChatMessage[], options: SendOptions = {}): ChatReply {
    const messages: ChatMessage[] =
      typeof said === 'string'
        ? [{ role: 'user', content: said }]
        : Array.isArray(said)
          ? [...said]
          : [said as ChatMessage];
    return this.#answer([...this.#history, ...messages], options);
  }

  /** Another answer to what was said last, in place of the last one. Without drawing at random it is the same. */
  regenerate(options: SendOptions = {}): ChatReply {
    const end = this.#history.findLastIndex(({ role }) => role !== 'assistant') + 1;
    if (end === 0) throw new GgmaError('INPUT', 'expected a message to answer, got a chat without one');
    return this.#answer(this.#history.slice(0, end), options);
  }

  /** Another conversation that goes on from here; it shares what has been computed. */
  fork(): Chat {
    const copy = new Chat(this.#host, { ...this.#options, ...this.#overflow() }, this.#prefixes);
    copy.#history = [...this.#history];
    copy.#droppedMessages = this.#droppedMessages;
    return copy;
  }

  /** Back to the beginning: the system's message and the first ones. */
  reset(): void {
    this.#refuseWhileAnswering();
    this.#history = [...this.#first];
    this.#droppedMessages = 0;
  }

  /** Gives back what the chat keeps in the model. It can go on afterwards; its next answer computes all of it again. */
  close(): void {
    this.#prefixes.clear();
  }

  #overflow(): Pick<CreateChatOptions, 'overflow'> {
    return { overflow: this.#dropsTurns ? 'drop-oldest-turns' : 'error' };
  }

  #refuseWhileAnswering(): void {
    if (this.#answering)
      throw new GgmaError('CHAT_BUSY', 'expected the last answer to have ended, got one under way');
  }

  #answer(messages: ChatMessage[], options: SendOptions): ChatReply {
    this.#refuseWhileAnswering();
    const generation = this.#begin(messages, { ...this.#options, ...options });
    this.#answering = true;
    const end = (completion: Completion | null) => {
      this.#answering = false;
      if (completion?.message !== undefined) this.#history = [...messages, completion.message];
    };
    return new ChatReply(generation, end);
  }

  #begin(messages: readonly ChatMessage[], options: GenerateOptions): Generation {
    const first = messages.findIndex(({ role }) => role !== 'system' && role !== 'developer');
    const start = first < 0 ? messages.length : first;
    const without = (dropped: number) => [...messages.slice(0, start), ...messages.slice(start + dropped)];
    let dropped = this.#droppedMessages;
    if (this.#dropsTurns) {
      const { contextSize } = this.#host;
      const room = contextSize - (options.maxTokens ?? Math.min(MAX_RESERVE, contextSize >> 2));
      while (this.#host.countTokens(without(dropped), options) > room) {
        const next = messages.findIndex(({ role }, i) => i > start + dropped && role === 'user');
        // The last turn stays; what of it does not fit is told by the call below.
        if (next < 0) break;
        dropped = next - start;
      }
    }
    const generation = this.#host.generate(without(dropped), options, this.#prefixes);
    this.#droppedMessages = dropped;
    return generation;
  }
}

/** An answer's parts as they come. `result` is the whole, when all of it has been read. */
export class ChatReply implements AsyncIterableIterator<Part, Completion, void> {
  readonly result: Promise<Completion>;
  readonly #generation: Generation;
  readonly #end: (completion: Completion | null) => void;
  #parts: Part[] = [];

  constructor(generation: Generation, end: (completion: Completion | null) => void) {
    this.#generation = generation;
    this.#end = end;
    this.result = generation.result;
  }

  async next(): Promise<IteratorResult<Part, Completion>> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) return { done: false, value: part };
      try {
        const { done, value } = await this.#generation.next();
        if (done === true) {
          this.#end(value);
          return { done, value };
        }
        this.#parts = [...value.parts];
      } catch (error) {
        const partial = (error as { partial?: Completion }).partial;
        this.#end(partial ?? null);
        throw error;
      }
    }
  }

  /** Ends the answer where it is: the history keeps what there is of it. */
  async return(): Promise<IteratorResult<Part, Completion>> {
    const { value } = await this.#generation.return();
    const completion = value as Completion;
    this.#end(completion);
    return { done: true, value: completion };
  }

  /** Reads the answer to its end. */
  async complete(): Promise<Completion> {
    for (;;) {
      const { done, value } = await this.next();
      if (done === true) return value;
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
