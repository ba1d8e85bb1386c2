import { messageId, type ChatMessage, type ChatRole } from '../../../../core/chat/message.ts';

/** A message of a person at a time (ms since 1970, or a small number for tests of order only). */
export const say = (ms: number, name = 'Ana', text = `at ${ms}`, role: ChatRole = 'viewer'): ChatMessage => ({
  id: messageId(ms * 1_000),
  at: ms,
  text,
  by: { id: `person-${name}`, name, role },
});

export const texts = (messages: readonly ChatMessage[]): readonly string[] =>
  messages.map(({ text }) => text);
