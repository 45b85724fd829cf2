/** A package's chat template: a conversation in, the text that the model was trained on out, as segments. */
import { createRequire } from 'node:module';
import type { Statement } from '@huggingface/jinja';
import { GgmaError } from '../../errors.ts';
import type { Segment } from '../tokenizer.ts';
import { boundedInterpreter } from './interpreter.ts';
import { lineOfSyntaxError } from './line.ts';
import { LiteralText } from './literal.ts';
import { strftime } from './strftime.ts';

/** UTF-16 units. The longest published templates have 20,000. */
export const MAX_TEMPLATE = 500_000;

/** Items that `range` gives at most: a list of them is made at once. */
const MAX_RANGE = 100_000;

/** What a template sees, under the names that transformers gives it. */
export interface TemplateInput {
  messages: readonly object[];
  tools?: readonly object[] | null;
  documents?: readonly object[] | null;
  /** Ends the text with what comes before an answer. */
  addGenerationPrompt?: boolean;
  /** More variables, such as `enable_thinking`. */
  variables?: Readonly<Record<string, unknown>>;
  /** What `strftime_now` writes. Default: now. */
  now?: Date;
}

export interface TemplateSpecials {
  /** Text of the beginning and the end of sequence; null: the template finds them undefined. */
  bosToken: string | null;
  eosToken: string | null;
  /** Texts of all special tokens: what of them comes from a message stays text. */
  specials: Iterable<string>;
}

type Library = typeof import('@huggingface/jinja');

/**
 * Loaded when the first template is compiled, because it takes 20 ms: a prompt of text or ids does not wait for it. Not
 * by import(), so that a call with messages can be refused at once, before it returns.
 */
const loadLibrary = (): Library => createRequire(import.meta.url)('@huggingface/jinja') as Library;

export class ChatTemplate {
  readonly source: string;
  readonly #program: Statement;
  readonly #library: Library;
  readonly #path: string;

  private constructor(source: string, program: Statement, library: Library, path: string) {
    this.source = source;
    this.#program = program;
    this.#library = library;
    this.#path = path;
  }

  /**
   * @param path where the template comes from, for messages
   * @throws GgmaError TEMPLATE naming the line that cannot be read
   */
  static compile(source: string, path: string): ChatTemplate {
    if (source.length > MAX_TEMPLATE)
      throw new GgmaError(
        'TEMPLATE',
        `expected a chat template of at most ${MAX_TEMPLATE} characters, got ${source.length}`,
        { path },
      );
    const library = loadLibrary();
    try {
      const tokens = library.tokenize(source, { lstrip_blocks: true, trim_blocks: true });
      return new ChatTemplate(source, library.parse(tokens), library, path);
    } catch (cause) {
      const line = lineOfSyntaxError(source, library);
      throw new GgmaError('TEMPLATE', `expected a Jinja template, got at line ${line}: ${reasonOf(cause)}`, {
        path: `${path}:${line}`,
        cause,
      });
    }
  }

  /**
   * The text, special tokens of the template and text of the conversation apart.
   * @throws GgmaError TEMPLATE: what the template says against the conversation, or that it does not end
   */
  render(input: TemplateInput, { bosToken, eosToken, specials }: TemplateSpecials): Segment[] {
    const said = {
      messages: input.messages.map(asTransformersDoes),
      tools: input.tools ?? null,
      documents: input.documents ?? null,
      ...input.variables,
    };
    const literal = new LiteralText(specials, said);
    const variables = {
      ...(literal.protect(said) as object),
      add_generation_prompt: input.addGenerationPrompt ?? false,
      ...(bosToken === null ? {} : { bos_token: bosToken }),
      ...(eosToken === null ? {} : { eos_token: eosToken }),
    };
    return literal.segments(this.#run(variables, input.now ?? new Date(), literal));
  }

  #run(variables: object, now: Date, literal: LiteralText): string {
    const environment = new this.#library.Environment();
    const globals = {
      ...{ true: true, false: false, none: null, True: true, False: false, None: null },
      raise_exception: (message: unknown) => {
        throw new RaisedByTemplate(literal.plain(String(message)));
      },
      range: boundedRange,
      strftime_now: (format: string) => strftime(now, format),
    };
    try {
      for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
      const Interpreter = boundedInterpreter(this.#library);
      return String(new Interpreter(environment).run(this.#program).value);
    } catch (cause) {
      throw new GgmaError(
        'TEMPLATE',
        cause instanceof RaisedByTemplate
          ? `expected a conversation that the chat template takes, got: ${cause.message}`
          : `expected the chat template to run, got: ${literal.plain(reasonOf(cause))}`,
        { path: this.#path, cause },
      );
    }
  }
}

class RaisedByTemplate extends Error {}

/**
 * A message as templates get it from transformers 5.23: keys that are null are absent, and thoughts go by both of the
 * names that templates know.
 */
function asTransformersDoes(message: object): object {
  const entries = Object.entries(message).filter(([, value]) => value !== null && value !== undefined);
  const given = Object.fromEntries(entries) as Record<string, unknown>;
  const thoughts = given.reasoning_content ?? given.thinking ?? given.reasoning;
  if (thoughts === undefined) return given;
  return { ...given, reasoning_content: thoughts, thinking: given.thinking ?? thoughts };
}

/** Python's `range`. The library's own has no bound. */
function boundedRange(...args: unknown[]): number[] {
  if (args.length < 1 || args.length > 3 || !args.every((value) => Number.isInteger(value)))
    throw new Error(`expected one to three integers for range, got ${JSON.stringify(args)}`);
  const [first, second, step = 1] = args as [number, number?, number?];
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (step === 0) throw new Error('expected a step other than 0 for range');
  const count = Math.max(0, Math.ceil((stop - start) / step));
  if (count > MAX_RANGE) throw new Error(`expected at most ${MAX_RANGE} items for range, got ${count}`);
  return Array.from({ length: count }, (_, i) => start + i * step);
}

/** A stack overflow is what endless recursion of macros, or a nesting of thousands, ends in. */
function reasonOf(cause: unknown): string {
  if (cause instanceof RangeError) return `nesting or a text beyond all bounds (${cause.message})`;
  return cause instanceof Error ? cause.message : String(cause);
}
