/** How a model's package talks: its chat templates, and how its answers are read. */
import { GgmaError } from '../../errors.ts';
import {
  afterAnchor,
  builtinResponseTemplate,
  ChatTemplate,
  type ResponseTemplate,
  readResponseTemplate,
  type Segment,
} from '../../text/index.ts';
import type { ChatOptions } from '../options/index.ts';
import { type ChatMessage, templateMessages } from './messages.ts';

/** What a package says about conversations. */
export interface ConversationFiles {
  /** Jinja sources by name: 'default', and 'tool_use' or others where the package has several. Empty: none. */
  readonly chatTemplates: ReadonlyMap<string, string>;
  readonly bosToken: string | null;
  readonly eosToken: string | null;
  /** tokenizer_config.json's `response_template`; null: it has none. */
  readonly responseTemplate: unknown;
  /** Where the templates come from, for messages. */
  readonly path: string;
}

export interface Rendered {
  segments: Segment[];
  /** The same as text, special tokens written out. */
  text: string;
  response: ResponseTemplate;
  /** What the template wrote of the answer already. */
  answerPrompt: string;
}

/** A noncharacter that marks the end of the message to continue; the template's own text never has it. */
const END_MARK = '\ufdef';

export class Conversation {
  readonly #files: ConversationFiles;
  readonly #specials: readonly string[];
  readonly #compiled = new Map<string, ChatTemplate>();
  #response: ResponseTemplate | null = null;

  /** @param specials the texts of the tokenizer's special tokens */
  constructor(files: ConversationFiles, specials: readonly string[]) {
    this.#files = files;
    this.#specials = specials;
  }

  /** @throws GgmaError INPUT (a message that cannot be), TEMPLATE, UNSUPPORTED (no template) */
  render(messages: readonly ChatMessage[], options: ChatOptions = {}): Rendered {
    const { tools = null, documents = null, enableThinking, continueFinalMessage = false } = options;
    const given = templateMessages(messages);
    const last = given.at(-1)!;
    if (continueFinalMessage) {
      if (last.role !== 'assistant')
        throw new GgmaError(
          'OPTION',
          'expected a last message of the assistant with continueFinalMessage, got another',
          {
            path: 'continueFinalMessage',
          },
        );
      last.content = `${String(last.content)}${END_MARK} `;
    }
    const template = this.#template(options, tools !== null && tools.length > 0);
    const variables = {
      ...options.templateVariables,
      ...(enableThinking === undefined ? {} : { enable_thinking: enableThinking }),
    };
    const addGenerationPrompt = options.addGenerationPrompt ?? !continueFinalMessage;
    const { bosToken, eosToken } = this.#files;
    const rendered = template.render(
      { messages: given, tools, documents, addGenerationPrompt, variables },
      { bosToken, eosToken, specials: this.#specials },
    );
    const segments = continueFinalMessage ? upToMark(rendered, template) : rendered;
    const text = segments.map((segment) => ('text' in segment ? segment.text : segment.special)).join('');
    const response = this.#responseTemplate(template);
    // Without the beginning of the answer in the prompt, all of the conversation would be read as part of it.
    const answerPrompt = afterAnchor(response, text) === null ? '' : text;
    return { segments, text, response, answerPrompt };
  }

  #template({ chatTemplate }: ChatOptions, hasTools: boolean): ChatTemplate {
    const { chatTemplates, path } = this.#files;
    if (chatTemplate !== undefined) return this.#compile(chatTemplate, 'chatTemplate');
    const source =
      (hasTools ? chatTemplates.get('tool_use') : undefined) ??
      chatTemplates.get('default') ??
      (chatTemplates.size === 1 ? [...chatTemplates.values()][0] : undefined);
    if (source === undefined)
      throw new GgmaError(
        'UNSUPPORTED',
        `expected a chat template in the package for messages, got ${chatTemplates.size === 0 ? 'none' : [...chatTemplates.keys()].join(', ')}: pass one (option chatTemplate), or a text as prompt`,
        { path },
      );
    return this.#compile(source, path);
  }

  #compile(source: string, path: string): ChatTemplate {
    const known = this.#compiled.get(source) ?? ChatTemplate.compile(source, path);
    this.#compiled.set(source, known);
    return known;
  }

  #responseTemplate(template: ChatTemplate): ResponseTemplate {
    const { responseTemplate, path } = this.#files;
    if (responseTemplate === null || responseTemplate === undefined)
      return builtinResponseTemplate(template.source);
    try {
      this.#response ??= readResponseTemplate(responseTemplate);
      return this.#response;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new GgmaError('TEMPLATE', `expected a response_template that can be read, got: ${reason}`, {
        path,
        cause,
      });
    }
  }
}

/**
 * The prompt up to the end of the message that is continued. A template that trims its texts has taken the space behind
 * the mark; then the white space before it goes too, as if the message had been trimmed itself (so does transformers).
 */
function upToMark(segments: readonly Segment[], template: ChatTemplate): Segment[] {
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i]!;
    const at = 'text' in segment ? segment.text.lastIndexOf(END_MARK) : -1;
    if (!('text' in segment) || at < 0) continue;
    const before = segment.text.slice(0, at);
    const text = segment.text[at + 1] === ' ' ? before : before.trimEnd();
    return [...segments.slice(0, i), ...(text === '' ? [] : [{ text }])];
  }
  throw new GgmaError(
    'TEMPLATE',
    'expected the last message in the rendered conversation with continueFinalMessage, got a template that leaves it out',
    { cause: template.source.slice(0, 100) },
  );
}
