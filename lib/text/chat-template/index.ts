/** Chat templates: a conversation into segments of text and special tokens. */
export { ChatTemplate, type TemplateInput, type TemplateSpecials } from './chat-template.ts';
