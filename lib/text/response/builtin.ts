/**
 * Response templates for the families whose packages have none. Their chat templates say how they were taught to write
 * thoughts and tool calls, so a template is chosen by the marks that occur in the chat template.
 */
import { type ResponseTemplate, readResponseTemplate } from './spec.ts';

/** Where an assistant's message begins, in all formats that are told apart here. */
const startAnchor = [
  ...['<|im_start|>assistant\n', '<|start_header_id|>assistant<|end_header_id|>\n\n', '[/INST]'],
  ...[
    '<|start_of_role|>assistant<|end_of_role|>',
    '<start_of_turn>model\n',
    '<|turn>model\n',
    '<|assistant|>\n',
  ],
];

/** What ends a message. A generation stops at these ids; a text that holds several messages has them inside. */
const ends = [
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|end_of_text|>',
  '<|endoftext|>',
  '</s>',
  '<|end|>',
];

const thinking = { open: '<think>', close: '</think>', content: 'text' };
const content = { close: [...ends, '<end_of_turn>', '<turn|>'], content: 'text' };
const call = (name: string, args: string) => ({ type: 'function', function: { name, arguments: args } });

interface Format {
  name: string;
  /** Whether a chat template teaches this format. */
  isTaught(chatTemplate: string): boolean;
  toolCalls: object;
  thinking?: object;
}

/** The first whose marks are there counts, so what has more marks comes before what has fewer. */
const formats: readonly Format[] = [
  {
    // Qwen 3.5 and Qwen 3 Coder: a function and its parameters as tags.
    name: 'qwen-xml',
    isTaught: (template) => template.includes('<tool_call>') && template.includes('<function='),
    toolCalls: {
      open_pattern: '<tool_call>\\s*<function=(?P<name>[^>\\s]+)>',
      close: '</tool_call>',
      repeats: true,
      content: 'xml-inline',
      content_args: { tag_pattern: '<parameter=(?P<key>[^>\\s]+)>\\n?(?P<value>.*?)\\n?</parameter>' },
      transform: call('{name}', '{content}'),
    },
  },
  {
    // Hermes, Qwen 2.5 and 3, SmolLM 2 and 3, Granite 4.
    name: 'hermes',
    isTaught: (template) => template.includes('<tool_call>'),
    toolCalls: {
      open: '<tool_call>',
      close: '</tool_call>',
      repeats: true,
      content: 'json',
      transform: call('{content.name}', '{content.arguments}'),
    },
  },
  {
    // Mistral from version 11 of its tokenizer on: [TOOL_CALLS]name[ARGS]{…}
    name: 'mistral-args',
    isTaught: (template) => template.includes('[TOOL_CALLS]') && template.includes('[ARGS]'),
    toolCalls: {
      open_pattern: '\\[TOOL_CALLS\\]\\s*(?P<name>[^\\[\\s]+?)(?:\\[CALL_ID\\][^\\[]*)?\\[ARGS\\]',
      close_pattern: '(?=\\[TOOL_CALLS\\])|</s>',
      repeats: true,
      content: 'json',
      transform: call('{name}', '{content}'),
    },
    thinking: { open: '[THINK]', close: '[/THINK]', content: 'text' },
  },
  {
    name: 'mistral',
    isTaught: (template) => template.includes('[TOOL_CALLS]'),
    toolCalls: {
      open: '[TOOL_CALLS]',
      close: '</s>',
      content: 'json',
      transform_each: true,
      transform: call('{name}', '{arguments}'),
    },
  },
  {
    name: 'lfm2',
    isTaught: (template) => template.includes('<|tool_call_start|>'),
    toolCalls: {
      open: '<|tool_call_start|>',
      close: '<|tool_call_end|>',
      content: 'python-call-list',
      transform_each: true,
      transform: call('{name}', '{arguments}'),
    },
  },
  {
    name: 'gemma4',
    isTaught: (template) => template.includes('<|tool_call>'),
    toolCalls: {
      open_pattern: '<\\|tool_call>call:(?P<name>[\\w.-]+)',
      close: '<tool_call|>',
      repeats: true,
      content: 'json',
      content_args: { unquoted_keys: true, string_delims: [['<|"|>', '<|"|>']] },
      transform: call('{name}', '{content}'),
    },
    thinking: { open: '<|channel>thought\n', close: '<channel|>', content: 'text' },
  },
  {
    // Granite 3: a list behind one mark.
    name: 'granite-list',
    isTaught: (template) => template.includes('<|tool_call|>'),
    toolCalls: {
      open: '<|tool_call|>',
      close: ends,
      content: 'json',
      transform_each: true,
      transform: call('{name}', '{arguments}'),
    },
  },
  {
    // Llama 3.1 to 3.3: the whole answer is one JSON object.
    name: 'llama3-json',
    isTaught: (template) => template.includes('<|start_header_id|>') && template.includes('"parameters"'),
    toolCalls: {
      open_pattern: '(?:\\A|<\\|python_tag\\|>)\\s*(?=\\{\\s*"name")',
      close: ends,
      repeats: true,
      content: 'json',
      transform: call('{content.name}', '{content.parameters}'),
    },
  },
];

/** The template for a package without one of its own, by its chat template. */
export function builtinResponseTemplate(chatTemplate: string): ResponseTemplate {
  const format = formats.find(({ isTaught }) => isTaught(chatTemplate));
  return readResponseTemplate({
    defaults: { role: 'assistant' },
    start_anchor: startAnchor,
    fields: {
      thinking: format?.thinking ?? thinking,
      ...(format === undefined ? {} : { tool_calls: format.toolCalls }),
      content,
    },
  });
}

/** The name of the format that {@link builtinResponseTemplate} takes; null: text and thoughts alone. */
export function builtinFormat(chatTemplate: string): string | null {
  return formats.find(({ isTaught }) => isTaught(chatTemplate))?.name ?? null;
}
