/** Answers as data: text, thoughts and tool calls of what a model wrote, by a response template. */
export { type ResponseEvent, ResponseParser } from './parser.ts';
export { type ResponseTemplate, readResponseTemplate } from './spec.ts';
