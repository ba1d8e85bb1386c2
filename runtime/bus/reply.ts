/** What scripts answer, as RESP3 brings it: texts, whole numbers and lists of them. */
import { BusError } from '../../core/chat/bus.ts';

export function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new BusError(`Redis answered with ${typeof reply}, not with a list`);
  return reply;
}

export const textsOf = (reply: unknown): readonly string[] => listOf(reply).map(textOf);

export function textOf(reply: unknown): string {
  if (typeof reply === 'string') return reply;
  throw new BusError(`Redis answered with ${typeof reply}, not with a text`);
}

export function numberOf(reply: unknown): number {
  if (typeof reply === 'number') return reply;
  throw new BusError(`Redis answered with ${typeof reply}, not with a number`);
}
