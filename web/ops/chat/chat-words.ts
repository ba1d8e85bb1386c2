/** How the console names what it shows of the chat. */
import type { ShardView } from '../../../core/api/chat.ts';
import { isFresh, type ChatAlarmName, type ShardCondition } from '../../../core/chat/alarms.ts';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });

/** 300412 → `300,412`. */
export const count = (n: number): string => whole.format(n);
/** 0.5 → `0.5`: limits of a person are below one a second. */
export const rate = (n: number): string => exact.format(n);

export const conditionWords: Readonly<Record<ShardCondition, string>> = {
  open: 'open',
  closed: 'closed',
  lost: 'lost',
  'redis-away': 'no Redis',
  unused: 'out of service',
};

export const conditionHelp: Readonly<Record<ShardCondition, string>> = {
  open: 'takes new broadcasts',
  closed: 'takes no new broadcasts; those that it has go on',
  lost: 'no task reports: its broadcasts have no chat',
  'redis-away': 'the API can’t reach its Redis: posts are refused',
  unused: 'closed, empty, and without tasks',
};

/** Colours of states that the fleet has too. */
export const conditionTones: Readonly<Record<ShardCondition, string>> = {
  open: 'serving',
  closed: 'expired',
  lost: 'lost',
  'redis-away': 'lost',
  unused: 'stopped',
};

export const chatAlarmTitles: Readonly<Record<ChatAlarmName, string>> = {
  'chat-off': 'Chat is off',
  'chat-shard-silent': 'Chat shard is silent',
  'chat-redis-away': 'Chat Redis is away',
  'chat-limit': 'Posts are refused',
};

/** The section of docs/runbook.md. */
export const chatAlarmSections: Readonly<Record<ChatAlarmName, string>> = {
  'chat-off': 'the-chat-is-off',
  'chat-shard-silent': 'a-shard-has-no-task',
  'chat-redis-away': 'a-redis-is-away',
  'chat-limit': 'more-is-said-than-the-platform-can-bear',
};

export interface ShardFigures {
  /** Sockets that the tasks which report are made for; undefined when the API does not say. */
  readonly capacity: number | undefined;
  /** Age of the newest report; undefined: none is remembered. */
  readonly heardMs: number | undefined;
}

export function figuresOf({ reports, tasks, sockets, load }: ShardView, at: number): ShardFigures {
  const fresh = reports?.filter((report) => isFresh(report, at));
  const ages = reports?.map((report) => Math.max(0, at - report.at)) ?? [];
  const fromLoad = tasks > 0 && load > 0 ? Math.round(sockets / load) : undefined;
  return {
    capacity: fresh === undefined ? fromLoad : fresh.reduce((sum, { capacity }) => sum + capacity, 0),
    heardMs: ages.length === 0 ? undefined : Math.min(...ages),
  };
}

/** Nearly all is used: of a limit or of the places. The next burst may be too much. */
export const nearShare = 0.8;

/** How a bar is filled. */
export const fillOf = (share: number): '' | 'near' | 'over' =>
  share > 1 ? 'over' : share >= nearShare ? 'near' : '';
