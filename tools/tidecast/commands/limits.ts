import type { BucketLimit, ChatLimits } from '../../../core/chat/limits.ts';
import { changeLimits, readChat, type LimitChanges } from '../chat-client.ts';
import type { Command, Context } from '../command.ts';
import { CommandError } from '../errors.ts';
import { table, type Column } from '../table.ts';

const buckets = ['person', 'channel', 'platform'] as const;

interface Row {
  readonly name: string;
  readonly perS: number;
  readonly burst?: number;
  readonly what: string;
}

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 3 });

const columns: readonly Column<Row>[] = [
  { title: 'LIMIT', cell: ({ name }) => ({ text: name }), keep: 9 },
  { title: 'PER SECOND', cell: ({ perS }) => ({ text: number.format(perS) }), align: 'right', keep: 8 },
  {
    title: 'AT ONCE',
    cell: ({ burst }) => ({ text: burst === undefined ? '' : number.format(burst) }),
    align: 'right',
    keep: 7,
  },
  { title: '', cell: ({ what }) => ({ text: what, style: 'dim' }), keep: 1 },
];

const rows = ({ person, channel, platform, shownPerS }: ChatLimits): readonly Row[] => [
  { name: 'person', ...person, what: 'posts of one person' },
  { name: 'channel', ...channel, what: 'posts of all people in one broadcast; staff are not counted' },
  { name: 'platform', ...platform, what: 'posts of all people everywhere' },
  { name: 'shown', perS: shownPerS, what: 'messages that a channel shows; more are sampled' },
];

/** "2000" or "2000/4000". Without its own the burst keeps the proportion that it has. */
function readBucket(option: string, text: string, now: BucketLimit): BucketLimit {
  const [, rate, burst] = /^(\d+(?:\.\d+)?)(?:\/(\d+(?:\.\d+)?))?$/.exec(text) ?? [];
  if (rate === undefined)
    throw new CommandError('usage', `--${option} ${text}: must be like 2000, or 2000/4000 with a burst`);
  const perS = Number(rate);
  return {
    perS,
    burst: burst === undefined ? Math.max(1, Math.round((now.burst / now.perS) * perS)) : Number(burst),
  };
}

function readShown(text: string): number {
  const shownPerS = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text)) throw new CommandError('usage', `--shown ${text}: must be a number`);
  return shownPerS;
}

function readChanges({ value }: Context, now: ChatLimits): LimitChanges {
  const changes: LimitChanges = {};
  for (const name of buckets) {
    const text = value(name);
    if (text !== undefined) changes[name] = readBucket(name, text, now[name]);
  }
  const shown = value('shown');
  return { ...changes, ...(shown === undefined ? {} : { shownPerS: readShown(shown) }) };
}

export const limits: Command = {
  name: 'limits',
  takes: [],
  summary: 'how much may be said in the chat; changed with options',
  help: `Token buckets: so many posts a second in the long run, and so many at once after a rest. Alone it shows them. With
options it changes those that are named, at once and everywhere, while shows run:

  limits --platform 2000          2,000 posts a second; what may come at once keeps its proportion
  limits --platform 2000/6000     and 6,000 at once
  limits --shown 30               more than 30 messages a second in a channel are sampled

Whoever is over a limit is refused with the reason and a time to try again; over that of the platform people
share what there is.`,
  options: {
    platform: { value: 'RATE[/BURST]', what: 'posts/s of all people everywhere' },
    channel: { value: 'RATE[/BURST]', what: 'posts/s of all people in one broadcast' },
    person: { value: 'RATE[/BURST]', what: 'posts/s of one person' },
    shown: { value: 'RATE', what: 'messages/s that a channel shows' },
  },
  run: async (context) => {
    const { door, width, paint } = context;
    const connection = await door.connect();
    const { limits: now } = await readChat(connection);
    const changes = readChanges(context, now);
    const after = Object.keys(changes).length === 0 ? now : await changeLimits(connection, changes);
    return { lines: table(columns, rows(after), { width, paint }), json: after };
  },
};
