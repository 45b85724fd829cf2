/** What a call with messages may be told: a row for each option. */
import { GgmaError } from '../../errors.ts';
import { choice, flag, type OptionsOf, option, type Rule } from '../../options/index.ts';
import type { ChatMessage } from '../chat/index.ts';

const objects: Rule<readonly object[]> = {
  ...{ kind: 'other', type: 'readonly object[]', expects: 'a list of objects' },
  holds: (value): value is readonly object[] =>
    Array.isArray(value) &&
    value.every((one) => typeof one === 'object' && one !== null && !Array.isArray(one)),
};

const text: Rule<string> = {
  ...{ kind: 'other', type: 'string', expects: 'a text' },
  holds: (value): value is string => typeof value === 'string',
};

const messageList: Rule<readonly ChatMessage[]> = {
  ...{ kind: 'other', type: 'readonly ChatMessage[]', expects: 'a list of messages' },
  holds: (value): value is readonly ChatMessage[] => objects.holds(value),
};

const source: Rule<string> = {
  ...{ kind: 'other', type: 'string', expects: 'a Jinja template' },
  holds: (value): value is string => typeof value === 'string' && value !== '',
};

const variables: Rule<Readonly<Record<string, unknown>>> = {
  ...{ kind: 'other', type: 'Readonly<Record<string, unknown>>', expects: 'an object of JSON values' },
  holds: (value): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value),
};

export const chatOptions = {
  /**
   * Functions that the model may call, as {type: 'function', function: {name, description, parameters}} with a JSON
   * Schema as parameters. Default: none.
   */
  tools: option({ rule: objects }),
  /** Texts that the answer may use, for templates that know documents. Default: none. */
  documents: option({ rule: objects }),
  /** For models that can think before they answer: whether they do. Default: what the template does. */
  enableThinking: option({ rule: flag }),
  /** End the prompt with what comes before an answer. Default: true, unless continueFinalMessage is. */
  addGenerationPrompt: option({ rule: flag }),
  /** The answer continues the last message, which has to be the assistant's. Default false. */
  continueFinalMessage: option({ rule: flag, default: false }),
  /** A Jinja template in place of the package's. Default: the package's. */
  chatTemplate: option({ rule: source }),
  /** More variables for the template, such as {reasoning_effort: 'low'}. Default: none. */
  templateVariables: option({ rule: variables }),
};

export interface ChatOptions extends OptionsOf<typeof chatOptions> {}

export const chatStartOptions = {
  /** What the model is told before everything else. Default: nothing. */
  system: option({ rule: text }),
  /** Messages that the conversation begins with. Default: none. */
  messages: option({ rule: messageList }),
  /**
   * When the conversation is longer than the context: 'error' (CONTEXT_OVERFLOW), or 'drop-oldest-turns', which leaves
   * whole turns out of the prompt, the oldest first and never the system's message; the history keeps them, and
   * `droppedMessages` says how many. Default 'error'.
   */
  overflow: option({ rule: choice('error', 'drop-oldest-turns'), default: 'error' }),
};

/** @throws GgmaError OPTION: options for messages would change nothing about a text or ids */
export function refuseChatOptions(options: ChatOptions): void {
  for (const name of Object.keys(chatOptions) as (keyof ChatOptions)[])
    if (options[name] !== undefined)
      throw new GgmaError('OPTION', `expected messages as prompt with ${name}, got a text or ids`, {
        path: name,
      });
}
