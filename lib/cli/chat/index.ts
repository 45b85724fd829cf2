/** ggma_run --chat: a conversation in a terminal, or over a pipe with a message a line. */
import process from 'node:process';
import { createInterface } from 'node:readline';
import { GgmaError } from '../../errors.ts';
import type { ChatReply, CreateChatOptions, Model, Part } from '../../runtime/index.ts';
import { errorLine, type Invocation } from '../common/index.ts';
import { ChatSession, partText } from './session.ts';

const PROMPT = '> ';

export { partText } from './session.ts';

/** Ends when the input does, or with /exit. @returns the exit code */
export async function runChat(
  invocation: Invocation,
  model: Model,
  options: CreateChatOptions,
): Promise<undefined> {
  const { stdin, stdout } = invocation.streams;
  const isTerminal = stdin.isTTY === true && stdout.isTTY === true;
  const session = new ChatSession(model, options);
  const talk = new Talk(invocation, session, isTerminal);
  const lines = createInterface({
    input: stdin,
    ...(isTerminal ? { output: stdout, terminal: true, prompt: PROMPT } : { terminal: false }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  // A terminal in raw mode gives Ctrl-C to the line editor; otherwise it is the process's.
  lines.on('SIGINT', () => {
    if (talk.interrupt()) return;
    // The editor keeps what was typed on its line; a new prompt begins with an empty one.
    if (!session.discard() && lines.line === '') lines.close();
    else {
      lines.write(null, { ctrl: true, name: 'u' });
      stdout.write('\n');
      lines.prompt();
    }
  });
  if (!isTerminal)
    invocation.signal.addEventListener('abort', () => {
      talk.interrupt();
      lines.close();
    });
  if (isTerminal) await invocation.note('/help lists what there is; Ctrl-D ends.\n');
  lines.prompt();
  for await (const line of lines) {
    if (!(await talk.take(line)) || invocation.interrupted) break;
    if (isTerminal) lines.prompt();
  }
  lines.close();
  if (isTerminal) await invocation.write('\n');
}

class Talk {
  readonly #invocation: Invocation;
  readonly #session: ChatSession;
  readonly #isTerminal: boolean;
  readonly #dim: (text: string) => string;
  #reply: ChatReply | null = null;

  constructor(invocation: Invocation, session: ChatSession, isTerminal: boolean) {
    this.#invocation = invocation;
    this.#session = session;
    this.#isTerminal = isTerminal;
    const hasColor = isTerminal && process.env.NO_COLOR === undefined;
    this.#dim = (text) => (hasColor ? `\u001b[2m${text}\u001b[22m` : text);
  }

  /** Stops the answer under way. @returns whether there is one */
  interrupt(): boolean {
    if (this.#reply === null) return false;
    void this.#reply.return();
    return true;
  }

  /** @returns false: the conversation is to end */
  async take(line: string): Promise<boolean> {
    const step = await this.#session.line(line);
    if (step.kind === 'note') await this.#invocation.note(`${step.text}\n`);
    else if (step.kind === 'say') await this.#answer(() => this.#session.say(step.text));
    else if (step.kind === 'regenerate') await this.#answer(() => this.#session.regenerate());
    return step.kind !== 'exit';
  }

  /** An error is told, and the conversation goes on: the next message may be a shorter one. */
  async #answer(begin: () => ChatReply): Promise<void> {
    try {
      this.#reply = begin();
      let before: Part | null = null;
      for await (const part of this.#reply) {
        await this.#invocation.write(partText(part, before, this.#dim));
        before = part;
      }
      await this.#invocation.write('\n');
      await this.#tellFigures(await this.#reply.result);
    } catch (error) {
      if (!(error instanceof GgmaError)) throw error;
      await this.#invocation.note(errorLine(error));
    } finally {
      this.#reply = null;
    }
  }

  async #tellFigures({ usage, timings, finishReason }: Awaited<ChatReply['result']>): Promise<void> {
    if (!this.#isTerminal) return;
    const figures = [`${usage.completionTokens} tokens`, `${timings.tokensPerSecond.toFixed(1)} tokens/s`];
    if (finishReason === 'length') figures.push('the context is full, or --max-tokens reached');
    if (finishReason === 'cancelled') figures.push('stopped');
    const { droppedMessages } = this.#session;
    if (droppedMessages > 0) figures.push(`the oldest ${droppedMessages} messages no longer fit`);
    await this.#invocation.note(this.#dim(`${figures.join(', ')}\n`));
  }
}
