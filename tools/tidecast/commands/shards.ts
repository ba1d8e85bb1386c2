import { chatOps } from '../../../containers/api/chat/schemas.ts';
import { shardPattern } from '../../../core/chat/protocol.ts';
import { moveShows, readChat, setShardState, type SeenShard } from '../chat-client.ts';
import type { Command, Context, Result } from '../command.ts';
import { CommandError } from '../errors.ts';
import { nearest } from '../suggest.ts';
import { table, type Cell, type Column } from '../table.ts';
import { clean, count } from '../text.ts';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** The API says a number that is no load for a shard that nobody serves. */
const isServed = ({ tasks }: SeenShard): boolean => tasks > 0;

function stateCell(shard: SeenShard): Cell {
  if (!isServed(shard)) return { text: `${shard.state}, no task serves`, style: 'bad' };
  if (shard.postsPerS === undefined) return { text: `${shard.state}, its Redis is away`, style: 'bad' };
  return shard.state === 'open' ? { text: 'open', style: 'good' } : { text: 'closed', style: 'busy' };
}

const columns: readonly Column<SeenShard>[] = [
  { title: 'SHARD', cell: ({ shard }) => ({ text: clean(shard) }), keep: 9 },
  { title: 'STATE', cell: stateCell, keep: 8 },
  { title: 'TASKS', cell: ({ tasks }) => ({ text: String(tasks) }), align: 'right', keep: 5 },
  { title: 'SOCKETS', cell: ({ sockets }) => ({ text: whole.format(sockets) }), align: 'right', keep: 7 },
  {
    title: 'LOAD',
    cell: (shard) => ({ text: isServed(shard) ? `${whole.format(shard.load * 100)} %` : '' }),
    align: 'right',
    keep: 6,
  },
  {
    title: 'POSTS/S',
    cell: ({ postsPerS }) => ({ text: postsPerS === undefined ? '' : whole.format(postsPerS) }),
    align: 'right',
    keep: 6,
  },
  { title: 'REDIS', cell: ({ redisUrl }) => ({ text: clean(redisUrl) }), keep: 1 },
];

async function show({ door, width, paint }: Context): Promise<Result> {
  const chat = await readChat(await door.connect());
  const { shards, limits } = chat;
  const posts = shards.reduce((sum, { postsPerS = 0 }) => sum + postsPerS, 0);
  const sockets = shards.reduce((sum, shard) => sum + shard.sockets, 0);
  return {
    lines: [
      `${count(shards.length, 'shard')}, ${whole.format(sockets)} sockets; asked for ${whole.format(posts)} posts/s of ${whole.format(limits.platform.perS)} (tidecast limits)`,
      ...(shards.length === 0 ? ['No shard has announced itself: there is no chat.'] : ['']),
      ...(shards.length === 0 ? [] : table(columns, shards, { width, paint })),
    ],
    json: chatOps.parse(chat),
  };
}

const localOnly =
  'On AWS a shard is added to, or taken from, the configuration, and deployed: docs/runbook.md.';
/** Two processes and a Redis come up, or viewers are sent away and they end. */
const localTimeoutMs = 60_000;

async function local(context: Context, action: 'add-shard' | 'remove-shard', shard: string): Promise<void> {
  const platform = await context.door.local();
  if (platform === undefined)
    throw new CommandError('failed', 'nothing was done: no local platform runs on this data folder', {
      hint: `Start it with npm start, or name its --data FOLDER.\n${localOnly}`,
    });
  await platform.ask(`/local-control/${action}`, { shard }, localTimeoutMs);
}

type Act = (context: Context, shard: string) => Promise<Result>;

const followUp = 'See them: tidecast shards';

const acts: Readonly<Record<string, Act>> = {
  add: async (context, shard) => {
    await local(context, 'add-shard', shard);
    return {
      lines: [`Shard ${shard} takes viewers; new broadcasts get it within seconds.`, followUp],
      json: { added: shard },
    };
  },
  remove: async (context, shard) => {
    const connection = await context.door.connect();
    await setShardState(connection, shard, 'close');
    const moved = await moveShows(connection, shard, context.value('to'));
    await local(context, 'remove-shard', shard);
    return {
      lines: [`Shard ${shard} is gone; ${count(moved.length, 'broadcast')} went to others before.`, followUp],
      json: { removed: shard, moved },
    };
  },
  close: async ({ door }, shard) => {
    await setShardState(await door.connect(), shard, 'close');
    return {
      lines: [
        `Shard ${shard} takes no new broadcasts. Those that it has go on.`,
        `Have them go as well: tidecast shards move ${shard}`,
      ],
      json: { closed: shard },
    };
  },
  open: async ({ door }, shard) => {
    await setShardState(await door.connect(), shard, 'open');
    return { lines: [`Shard ${shard} takes new broadcasts again.`, followUp], json: { opened: shard } };
  },
  move: async (context, shard) => {
    const moved = await moveShows(await context.door.connect(), shard, context.value('to'));
    return {
      lines:
        moved.length === 0
          ? [`Shard ${shard} has no broadcast that could be moved.`]
          : [
              `Moved ${count(moved.length, 'broadcast')}; their viewers follow within seconds, and miss nothing.`,
              ...moved.map(({ broadcastId, to }) => `  ${clean(broadcastId)} → ${clean(to)}`),
            ],
      json: { moved },
    };
  },
};

function actCalled(word: string): Act {
  const act = Object.hasOwn(acts, word) ? acts[word] : undefined;
  if (act !== undefined) return act;
  const names = Object.keys(acts);
  const meant = nearest(word, names);
  throw new CommandError('usage', `shards can't be told to '${word}'`, {
    hint: meant === undefined ? `They can: ${names.join(', ')}.` : `Did you mean tidecast shards ${meant}?`,
  });
}

export const shards: Command = {
  name: 'shards',
  takes: ['[<what>]', '[<shard>]'],
  summary: 'chat shards and their load; add, remove, close, open, move',
  help: `Alone: one line a shard, as its tasks announced themselves in the last 30 s.

  shards close a      a gets no new broadcasts; those that it has go on
  shards open a       it does again
  shards move a       gives its broadcasts to others, the least loaded first, or all --to b. Their viewers follow by
                      themselves and miss nothing. Works also when a is lost
  shards add c        local platform: a Redis and two tasks more; it is there again at the next start
  shards remove c     local platform: closes it, moves what it has, and ends it

${localOnly}

  load       sockets over those that its tasks are made for
  posts/s    asked for in the last second, whether taken or refused`,
  options: {
    to: { value: 'SHARD', what: 'move, remove: where the broadcasts go (default: the least loaded)' },
  },
  run: async (context) => {
    const [word, shard] = context.words;
    const to = context.value('to');
    if (to !== undefined && word !== 'move' && word !== 'remove')
      throw new CommandError('usage', '--to belongs to tidecast shards move and remove');
    if (word === undefined) return show(context);
    const act = actCalled(word);
    if (shard === undefined)
      throw new CommandError('usage', `tidecast shards ${word} needs the name of a shard`, {
        hint: 'tidecast shards lists them.',
      });
    for (const name of [shard, to])
      if (name !== undefined && !shardPattern.test(name))
        throw new CommandError('usage', `'${name}' is not the name of a shard`, {
          hint: 'They have small letters, digits and dashes, 16 at most.',
        });
    return act(context, shard);
  },
};
