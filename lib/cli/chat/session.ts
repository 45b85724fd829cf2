/** A conversation by lines of text: what each line means, whoever types it. */
import { writeFile } from 'node:fs/promises';
import type { Chat, ChatReply, CreateChatOptions, Model, Part } from '../../runtime/index.ts';

/** What a line asks for. */
type Step =
  /** Lines of a longer message; null: nothing is open any more. */
  { kind: 'more' } | { kind: 'say'; text: string } | { kind: 'note'; text: string } | { kind: 'exit' };

export const HELP = `Write a message and press Enter. Lines: end one with \\ to go on in the next, or write """ before and behind several.
  /system TEXT   begin again, with TEXT as what the model is told first (without TEXT: with nothing)
  /reset         begin again
  /regenerate    another answer to the last message
  /save FILE     write the conversation to FILE, as JSON messages (ggma_run --messages reads them)
  /exit          end (Ctrl-D too); Ctrl-C stops an answer
`;

export class ChatSession {
  readonly #model: Model;
  #options: CreateChatOptions;
  #chat: Chat;
  /** Lines of an unfinished message. */
  #lines: string[] = [];
  #isBlock = false;

  constructor(model: Model, options: CreateChatOptions) {
    this.#model = model;
    this.#options = options;
    this.#chat = model.createChat(options);
  }

  /** Messages that the last prompt left out, because the context was full. */
  get droppedMessages(): number {
    return this.#chat.droppedMessages;
  }

  /** @throws GgmaError as Chat.send */
  say(text: string): ChatReply {
    return this.#chat.send(text);
  }

  /** @throws GgmaError as Chat.regenerate */
  regenerate(): ChatReply {
    return this.#chat.regenerate();
  }

  async line(line: string): Promise<Step | { kind: 'regenerate' }> {
    if (this.#isBlock || this.#lines.length > 0) return this.#continued(line);
    if (line.startsWith('"""')) {
      this.#isBlock = true;
      return this.#continued(line.slice(3));
    }
    if (line.startsWith('/')) return this.#command(line);
    return this.#continued(line);
  }

  /** Gives up the lines of an unfinished message. @returns whether there were any */
  discard(): boolean {
    const some = this.#isBlock || this.#lines.length > 0;
    this.#lines = [];
    this.#isBlock = false;
    return some;
  }

  #continued(line: string): Step {
    const ends = this.#isBlock ? line.endsWith('"""') : !line.endsWith('\\');
    const mark = this.#isBlock ? 3 : 1;
    const isCut = this.#isBlock === ends;
    this.#lines.push(isCut ? line.slice(0, -mark) : line);
    if (!ends) return { kind: 'more' };
    const text = this.#lines.join('\n').trim();
    this.discard();
    return text === '' ? { kind: 'more' } : { kind: 'say', text };
  }

  async #command(line: string): Promise<Step | { kind: 'regenerate' }> {
    const [, name = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(line) ?? [];
    switch (name) {
      case 'system': {
        const { system: _, ...others } = this.#options;
        this.#options = rest === '' ? others : { ...others, system: rest };
        this.#begin();
        return { kind: 'note', text: rest === '' ? 'begun again without a system message' : 'begun again' };
      }
      case 'reset':
        this.#begin();
        return { kind: 'note', text: 'begun again' };
      case 'regenerate':
        return { kind: 'regenerate' };
      case 'save':
        return { kind: 'note', text: await this.#save(rest) };
      case 'exit':
      case 'quit':
        return { kind: 'exit' };
      case 'help':
        return { kind: 'note', text: HELP.trimEnd() };
      default:
        return {
          kind: 'note',
          text: `expected one of /system, /reset, /regenerate, /save, /exit, /help, got /${name}`,
        };
    }
  }

  #begin(): void {
    this.#chat.close();
    this.#chat = this.#model.createChat(this.#options);
  }

  async #save(file: string): Promise<string> {
    if (file === '') return 'expected a file behind /save';
    const { history } = this.#chat;
    try {
      await writeFile(file, `${JSON.stringify(history, null, 2)}\n`);
      return `${history.length} messages written to ${file}`;
    } catch (error) {
      return `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** Text of a part for people: thoughts dim, a call as a call. `before`: the part that came before it. */
export function partText(part: Part, before: Part | null, dim: (text: string) => string): string {
  const isNew =
    before?.type !== part.type ||
    (part.type === 'toolCall' && 'index' in before && before.index !== part.index);
  const gap = before !== null && isNew ? '\n' : '';
  if (part.type === 'text') return gap + part.text;
  if (part.type === 'reasoning') return gap + dim(part.text);
  return `${gap}${isNew ? `[${part.name}] ` : ''}${part.arguments}`;
}
