/** Answers as data: text, thoughts and tool calls of what a model wrote, by a response template. */
export { builtinFormat, builtinResponseTemplate } from './builtin.ts';
export { afterAnchor, type ResponseEvent, ResponseParser } from './parser.ts';
export { stripStart, trailingSpace } from './python.ts';
export { type ResponseField, type ResponseTemplate, readResponseTemplate } from './spec.ts';
