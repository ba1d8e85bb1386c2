import { operatorGroup } from '../../../core/api/ops.ts';
import { authorName } from '../../../core/chat/author-name.ts';
import { isStaff, type ChatAuthor, type ChatRole } from '../../../core/chat/message.ts';
import { platformScope } from '../../../core/chat/store.ts';
import { personIdOf } from '../../../runtime/identity/person.ts';
import type { Identity } from '../../../runtime/identity/tokens.ts';
import { HttpProblem } from '../problems.ts';
import type { ChatParts } from './parts.ts';
import { Recent } from '../../../runtime/store/recent.ts';

/**
 * Who is made a moderator in another API task can act here after so long. Read for a channel and not for a person:
 * a crowd that talks would be a read for each of it, and a channel has few.
 */
const moderatorFreshMs = 5_000;
/** Nobody needs to be let in sooner who stopped following. */
const followerFreshMs = 60_000;
/** Operators stand in no list but their own tokens: who was one is noted, and remembered for a month. */
const operatorNotedMs = 86_400_000;
const operatorKnownMs = 30 * operatorNotedMs;
/** Who has just followed, through another API task, wants to write now. */
const strangerFreshMs = 3_000;

export interface Owned {
  readonly channelId: string;
  /** Subject of the broadcaster. */
  readonly ownerId: string;
  readonly channelName?: string;
}

/** What people are in a channel. */
export class People {
  readonly #moderators: Recent<ReadonlySet<string>>;
  readonly #followers: Recent<number | undefined>;
  readonly #store: ChatParts['store'];
  readonly #clock: { now(): number };
  readonly #noted = new Map<string, number>();

  constructor(options: Pick<ChatParts, 'store' | 'steady'> & { readonly clock: { now(): number } }) {
    const { store, steady, clock } = options;
    this.#store = store;
    this.#clock = clock;
    this.#moderators = new Recent<ReadonlySet<string>>({
      read: async (channelId) => new Set((await store.moderators(channelId)).map(({ personId }) => personId)),
      freshMs: moderatorFreshMs,
      steady,
    });
    this.#followers = new Recent({
      read: (key) => {
        const [channelId, personId] = partsOf(key);
        return store.followedSince(personId, channelId);
      },
      freshMs: (since) => (since === undefined ? strangerFreshMs : followerFreshMs),
      steady,
    });
  }

  async author(
    { channelId, ownerId, channelName }: Owned,
    { subject, groups, name }: Identity,
  ): Promise<ChatAuthor> {
    if (groups.includes(operatorGroup)) return this.operator({ subject, name });
    const id = personIdOf(subject);
    const role = subject === ownerId ? 'broadcaster' : await this.#moderatorOr(channelId, id);
    return { id, name: authorName(name, id, { role, channelName }), role };
  }

  async operator({
    subject,
    name: said,
  }: {
    readonly subject: string;
    readonly name?: string | undefined;
  }): Promise<ChatAuthor> {
    const id = personIdOf(subject);
    const name = authorName(said, id, { role: 'operator' });
    await this.#note(id, name);
    return { id, name, role: 'operator' };
  }

  /** Of somebody who does not ask. */
  async roleOf({ channelId, ownerId }: Owned, personId: string): Promise<ChatRole> {
    if (personIdOf(ownerId) === personId) return 'broadcaster';
    const noted = await this.#store.moderators(platformScope);
    const since = this.#clock.now() - operatorKnownMs;
    if (noted.some((each) => each.personId === personId && each.at > since)) return 'operator';
    return this.#moderatorOr(channelId, personId);
  }

  async staff(owned: Owned, identity: Identity): Promise<ChatAuthor> {
    const author = await this.author(owned, identity);
    if (isStaff(author.role)) return author;
    throw new HttpProblem(403, 'This is for the moderators of this channel, its broadcaster and operators.');
  }

  followedSince(channelId: string, personId: string): Promise<number | undefined> {
    return this.#followers.get(keyOf(channelId, personId));
  }

  /** Something about them was changed here. */
  changed(channelId: string, personId: string): void {
    this.#moderators.forget(channelId);
    this.#followers.forget(keyOf(channelId, personId));
  }

  async #note(personId: string, name: string): Promise<void> {
    const at = this.#clock.now();
    if (at - (this.#noted.get(personId) ?? -Infinity) < operatorNotedMs) return;
    await this.#store.addModerator(platformScope, { personId, name, by: name, at });
    this.#noted.set(personId, at);
  }

  async #moderatorOr(channelId: string, personId: string): Promise<'moderator' | 'viewer'> {
    return (await this.#moderators.get(channelId)).has(personId) ? 'moderator' : 'viewer';
  }
}

// Ids of channels and people have no slash.
const keyOf = (channelId: string, personId: string): string => `${channelId}/${personId}`;
function partsOf(key: string): [channelId: string, personId: string] {
  const [channelId = '', personId = ''] = key.split('/', 2);
  return [channelId, personId];
}
