/** Conversations: messages into prompts, answers into messages. */
export { type ChatOptions, Conversation, type ConversationFiles, type Rendered } from './conversation.ts';
export { type ChatMessage, isConversation, type MessageToolCall, type Role } from './messages.ts';
