/** Messages of a conversation as callers write them, checked and in the form that chat templates were written for. */
import { GgmaError } from '../../errors.ts';

export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool';

/** A call that an assistant's message made. */
export interface MessageToolCall {
  id?: string;
  type?: 'function';
  function: {
    name: string;
    /** JSON text, as answers have it, or the object itself. */
    arguments: string | Readonly<Record<string, unknown>>;
  };
}

export interface ChatMessage {
  role: Role;
  /** A text, or several that are joined. null or absent only beside tool calls. */
  content?: string | readonly { type: 'text'; text: string }[] | null;
  /** What an assistant thought before it answered; templates decide whether the model sees it again. */
  reasoning?: string;
  /** Calls of an assistant's message. */
  toolCalls?: readonly MessageToolCall[];
  /** Which call a tool's message answers. */
  toolCallId?: string;
  /** A tool's or a speaker's name. */
  name?: string;
}

const ROLES: readonly string[] = ['system', 'developer', 'user', 'assistant', 'tool'];

/** The fields of a message, and the names that the OpenAI API and transformers have for them. */
const ALIASES: Readonly<Record<string, string>> = {
  ...{ role: 'role', content: 'content', name: 'name' },
  ...{
    toolCalls: 'tool_calls',
    tool_calls: 'tool_calls',
    toolCallId: 'tool_call_id',
    tool_call_id: 'tool_call_id',
  },
  ...{
    reasoning: 'reasoning_content',
    reasoning_content: 'reasoning_content',
    thinking: 'reasoning_content',
  },
};

/** Whether a prompt is a conversation: an array with a message in it, or nothing that could be an id. */
export function isConversation(prompt: unknown): prompt is readonly ChatMessage[] {
  return Array.isArray(prompt) && typeof prompt[0] === 'object' && prompt[0] !== null;
}

/** @throws GgmaError INPUT naming the message and the field */
export function templateMessages(messages: readonly ChatMessage[]): Record<string, unknown>[] {
  if (messages.length === 0) throw new GgmaError('INPUT', 'expected at least one message, got none');
  return messages.map(templateMessage);
}

function templateMessage(message: unknown, index: number): Record<string, unknown> {
  const where = `messages[${index}]`;
  if (typeof message !== 'object' || message === null || Array.isArray(message))
    throw fail(where, 'an object with role and content', message);
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(message)) {
    const name = Object.hasOwn(ALIASES, key) ? ALIASES[key] : undefined;
    if (name === undefined)
      throw new GgmaError(
        'INPUT',
        `expected one of ${Object.keys(ALIASES).join(', ')} in ${where}, got ${key}`,
        {
          path: `${where}.${key}`,
        },
      );
    if (value !== undefined && value !== null) out[name] = value;
  }
  if (!ROLES.includes(out.role as string))
    throw fail(`${where}.role`, `one of ${ROLES.join(', ')}`, out.role);
  for (const name of ['name', 'tool_call_id', 'reasoning_content'])
    if (out[name] !== undefined && typeof out[name] !== 'string')
      throw fail(`${where}.${name}`, 'a text', out[name]);
  if (out.content !== undefined) out.content = contentText(out.content, `${where}.content`);
  if (out.tool_calls !== undefined)
    out.tool_calls = toolCalls(out.tool_calls, out.role, `${where}.tool_calls`);
  if (out.content === undefined) {
    if (out.tool_calls === undefined) throw fail(`${where}.content`, 'a text', undefined);
    // transformers has "" there: templates that join texts would otherwise write "None".
    out.content = '';
  }
  return out;
}

function contentText(content: unknown, where: string): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) throw fail(where, 'a text, or a list of {type: "text", text}', content);
  return content
    .map((part: unknown, i) => {
      const { type, text } = (part ?? {}) as { type?: unknown; text?: unknown };
      if (type !== 'text' || typeof text !== 'string')
        throw fail(`${where}[${i}]`, '{type: "text", text}', part);
      return text;
    })
    .join('');
}

function toolCalls(calls: unknown, role: unknown, where: string): object[] {
  if (role !== 'assistant') throw fail(where, 'tool calls in messages of the assistant only', calls);
  if (!Array.isArray(calls) || calls.length === 0) throw fail(where, 'a list of tool calls', calls);
  return calls.map((call: unknown, i) => {
    const { id, function: named } = (call ?? {}) as { id?: unknown; function?: unknown };
    const { name, arguments: args } = (named ?? {}) as { name?: unknown; arguments?: unknown };
    if (typeof name !== 'string') throw fail(`${where}[${i}].function.name`, 'a text', name);
    const given = typeof args === 'string' ? parsedArguments(args) : args;
    if (typeof given !== 'object' || given === null || Array.isArray(given))
      throw fail(`${where}[${i}].function.arguments`, 'a JSON object, or the text of one', args);
    const known = typeof id === 'string' ? { id } : {};
    return { ...known, type: 'function', function: { name, arguments: given } };
  });
}

/** Templates write arguments with `tojson`: a text would become a string within a string. */
function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text === '' ? '{}' : text);
  } catch {
    return null;
  }
}

function fail(path: string, expected: string, got: unknown): GgmaError {
  const shown = got === undefined ? 'nothing' : (JSON.stringify(got) ?? typeof got);
  const short = shown.length > 60 ? `${shown.slice(0, 57)}…` : shown;
  return new GgmaError('INPUT', `expected ${expected} for ${path}, got ${short}`, { path });
}
