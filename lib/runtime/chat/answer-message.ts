/** An answer's parts as the message that goes on the conversation. */
import type { Part } from '../stages/index.ts';
import type { ChatMessage, MessageToolCall } from './messages.ts';

/** The assistant's message: what was said, thought and called. */
export interface AssistantMessage extends ChatMessage {
  role: 'assistant';
  content: string;
  toolCalls?: MessageToolCall[];
}

/** Calls whose arguments ended in the middle are left out: no template could write them, and no tool could run them. */
export function answerMessage(parts: readonly Part[]): AssistantMessage {
  const textOf = (type: 'text' | 'reasoning') =>
    parts
      .filter((part) => part.type === type)
      .map((part) => ('text' in part ? part.text : ''))
      .join('');
  const reasoning = textOf('reasoning');
  const toolCalls = parts.flatMap((part): MessageToolCall[] =>
    part.type === 'toolCall' && part.finding === undefined
      ? [
          {
            id: part.callId,
            type: 'function',
            function: { name: part.name, arguments: part.arguments || '{}' },
          },
        ]
      : [],
  );
  return {
    ...{ role: 'assistant', content: textOf('text') },
    ...(reasoning === '' ? {} : { reasoning }),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  };
}
