/** Conversations: messages into prompts, answers into messages. */
export { type AssistantMessage, answerMessage } from './answer-message.ts';
export { Chat, type ChatHost, ChatReply, type CreateChatOptions, type SendOptions } from './chat.ts';
export { Conversation, type ConversationFiles, type Rendered } from './conversation.ts';
export { type ChatMessage, isConversation, type MessageToolCall, type Role } from './messages.ts';
