import type { Broadcast } from '../../../core/broadcast/types.ts';
import { isVisibleTo } from '../../../core/broadcast/visible-to.ts';
import type { Identity } from '../../../runtime/identity/tokens.ts';
import type { Broadcasts } from '../../../runtime/store/tables/broadcasts.ts';
import { notFound } from '../problems.ts';
import { Recent } from '../../../runtime/store/recent.ts';

/** Whoever makes a broadcast private, moves or ends it is obeyed after so long. */
const freshMs = 2_000;

/** Broadcasts as the chat sees them: a moment old, so that a post reads no table. */
export class VisibleBroadcasts {
  readonly #recent: Recent<Broadcast | undefined>;

  constructor(broadcasts: Pick<Broadcasts, 'get'>, steady: () => number) {
    this.#recent = new Recent({ read: (id) => broadcasts.get(id), freshMs, steady });
  }

  async get(broadcastId: string, asker: Identity | undefined): Promise<Broadcast> {
    const broadcast = await this.#recent.get(broadcastId);
    if (broadcast === undefined || !isVisibleTo(broadcast, asker?.subject)) throw notFound('broadcast');
    return broadcast;
  }

  forget(broadcastId: string): void {
    this.#recent.forget(broadcastId);
  }
}
