/** The lines of a chat as a page keeps them: what came in goes in, what to show comes out. Pure. */
import type { ChatMessage } from '../../../core/chat/message.ts';

export interface Lines {
  /** Rising ids, each once. */
  readonly messages: readonly ChatMessage[];
  /** Nothing was said before the first of them. */
  readonly whole: boolean;
  /** Ids of messages before which something is missing here. */
  readonly gaps: ReadonlySet<string>;
  readonly removed: Removed;
  /** Somebody reads from here: lines up to and with this id stay, and later ones go first when there are too many. */
  readonly heldTo: string | undefined;
}

/** What was taken away stays away, whichever way it comes in again. */
export interface Removed {
  readonly ids: ReadonlySet<string>;
  /** Person → everything of theirs up to and with this id. */
  readonly people: ReadonlyMap<string, string>;
}

/** Ten seconds of the fastest chat that is shown whole (core/chat/limits.ts shownPerS), a few screens of a slow one. */
export const maxLines = 500;
/** Removals that are remembered: far more than can still be under way. */
const maxRemembered = 1_000;

export const noLines: Lines = {
  messages: [],
  whole: false,
  gaps: new Set(),
  removed: { ids: new Set(), people: new Map() },
  heldTo: undefined,
};

export const isRemoved = ({ ids, people }: Removed, { id, by }: ChatMessage): boolean => {
  const until = people.get(by.id);
  return ids.has(id) || (until !== undefined && id <= until);
};

/** Messages in any order, known ones among them. */
export function withMessages(lines: Lines, incoming: readonly ChatMessage[]): Lines {
  const fresh = incoming.filter((message) => !isRemoved(lines.removed, message));
  if (fresh.length === 0) return lines;
  const messages = merged(lines.messages, fresh);
  return messages === lines.messages ? lines : bounded({ ...lines, messages });
}

function merged(known: readonly ChatMessage[], fresh: readonly ChatMessage[]): readonly ChatMessage[] {
  let last = known.at(-1)?.id ?? '';
  // The usual case: everything is newer than what is known, in order.
  if (fresh.every(({ id }) => id > last && ((last = id), true))) return [...known, ...fresh];
  const byId = new Map(known.map((message) => [message.id, message]));
  for (const message of fresh) if (!byId.has(message.id)) byId.set(message.id, message);
  if (byId.size === known.length) return known;
  return [...byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What a join brings. `after`: it goes on where this page stopped hearing. */
export function withHistory(
  lines: Lines,
  history: { readonly messages: readonly ChatMessage[]; readonly from: 'start' | 'middle' | 'after' },
): Lines {
  const first = history.messages[0];
  const last = lines.messages.at(-1);
  const next = withMessages(lines, history.messages);
  if (history.from === 'start') return { ...next, whole: next.messages.length < maxLines, gaps: new Set() };
  const hole = history.from === 'middle' && first !== undefined && last !== undefined && first.id > last.id;
  return hole ? { ...next, gaps: new Set([...next.gaps, first.id]) } : next;
}

export function withoutMessages(lines: Lines, ids: readonly string[]): Lines {
  const gone = new Set(ids);
  return {
    ...lines,
    messages: lines.messages.filter(({ id }) => !gone.has(id)),
    removed: { ...lines.removed, ids: new Set([...lines.removed.ids, ...ids].slice(-maxRemembered)) },
  };
}

export function withoutPerson(lines: Lines, person: string, until: string): Lines {
  const known = lines.removed.people.get(person);
  const last = known !== undefined && known > until ? known : until;
  const people = new Map([...lines.removed.people].filter(([id]) => id !== person).slice(1 - maxRemembered));
  people.set(person, last);
  return {
    ...lines,
    messages: lines.messages.filter(({ id, by }) => by.id !== person || id > last),
    removed: { ...lines.removed, people },
  };
}

/** Somebody scrolled up: what is above stays where it is. Undefined: they are back at the end. */
export function heldTo(lines: Lines, id: string | undefined): Lines {
  return lines.heldTo === id ? lines : bounded({ ...lines, heldTo: id });
}

/**
 * At most `maxLines`, and as many again after the place that somebody reads. There the oldest ones that
 * were not seen yet go, and a gap says so.
 */
function bounded(lines: Lines): Lines {
  const { messages, heldTo: held } = lines;
  if (messages.length <= maxLines) return lines;
  const after = held === undefined ? 0 : messages.findLastIndex(({ id }) => id <= held) + 1;
  if (after === 0) {
    const kept = messages.slice(-maxLines);
    return { ...lines, messages: kept, whole: false, gaps: gapsAmong(lines.gaps, kept) };
  }
  const above = messages.slice(Math.max(0, after - maxLines), after);
  const unseen = messages.slice(after);
  const below = unseen.slice(-maxLines);
  const first = below[0];
  const gaps = below.length < unseen.length && first !== undefined ? [...lines.gaps, first.id] : lines.gaps;
  const kept = [...above, ...below];
  return {
    ...lines,
    messages: kept,
    whole: lines.whole && above.length === after,
    gaps: gapsAmong(gaps, kept),
  };
}

function gapsAmong(gaps: Iterable<string>, messages: readonly ChatMessage[]): ReadonlySet<string> {
  const wanted = new Set(gaps);
  return wanted.size === 0 ? wanted : new Set(messages.flatMap(({ id }) => (wanted.has(id) ? [id] : [])));
}
