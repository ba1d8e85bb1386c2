/** The chat's part of the API, put together. */
import type { ApiDependencies } from '../dependencies.ts';
import { Delivery } from './delivery.ts';
import { Homes } from './homes.ts';
import { createChatMetrics, type ChatMetrics } from './metrics.ts';
import { Moderation } from './moderation.ts';
import { Operation } from './operation.ts';
import { Overview } from './overview.ts';
import { People } from './people.ts';
import { Posting } from './posting.ts';
import { Shards } from './shards.ts';
import { Shown } from './shown.ts';
import { Untold } from './untold.ts';
import { Upkeep } from './upkeep.ts';
import { Viewers } from './viewers.ts';
import { VisibleBroadcasts } from './visible.ts';
import { Warmth } from './warmth.ts';
import { Words } from './words.ts';

export interface Chat {
  readonly metrics: ChatMetrics;
  readonly people: People;
  readonly visible: VisibleBroadcasts;
  readonly homes: Homes;
  readonly shown: Shown;
  readonly posting: Posting;
  readonly moderation: Moderation;
  readonly operation: Operation;
  readonly overview: Overview;
  close(): Promise<void>;
}

export function createChat(deps: ApiDependencies): Chat {
  const { chat, broadcasts, clock, log, newId } = deps;
  const { steady } = chat;
  const metrics = createChatMetrics();
  const people = new People({ ...chat, clock });
  const visible = new VisibleBroadcasts(broadcasts, steady);
  const shards = new Shards({ chat, clock, log });
  const untold = new Untold({ shards, steady, log });
  const homes = new Homes({ broadcasts, shards, chat });
  const viewers = new Viewers(shards, steady);
  const upkeep = new Upkeep({ chat, shards, log });
  const warmth = new Warmth(chat);
  const delivery = new Delivery({ chat, clock, untold, warmth, metrics, log });
  const moderation = new Moderation({ chat, broadcasts, people, homes, shards, untold, clock, newId });
  return {
    metrics,
    people,
    visible,
    homes,
    shown: new Shown({ homes, viewers, clock }),
    posting: new Posting({
      visible,
      people,
      homes,
      shards,
      warmth,
      words: new Words(),
      delivery,
      metrics,
      clock,
      steady,
      log,
    }),
    moderation,
    operation: new Operation({ chat, broadcasts, shards, upkeep, moderation, visible, clock, log }),
    overview: new Overview({ chat, broadcasts, shards, upkeep, viewers, clock }),
    async close() {
      upkeep.close();
      await untold.close();
      await shards.close();
    },
  };
}
