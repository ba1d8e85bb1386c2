import { cutSockets, type Heard } from '../chat-client.ts';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { clean, count } from '../text.ts';

function readShare(text: string | undefined): number {
  if (text === undefined)
    throw new CommandError('usage', 'say how many: --share 0.5 cuts half of the sockets, --share 1 all');
  const share = Number(text);
  if (!(share > 0 && share <= 1))
    throw new CommandError('usage', `--share ${text}: must be more than 0, and at most 1`);
  return share;
}

/** An API from before tasks were counted names shards only. */
const whoHeard = ({ shards, tasks }: Heard): readonly string[] =>
  shards.map((shard) => {
    const heard = tasks?.[shard];
    const name = `Shard ${clean(shard)}`;
    if (heard === undefined) return name;
    return heard === 0 ? `${name}: no task heard it` : `${name}: ${count(heard, 'task')}`;
  });

export const drill: Command = {
  name: 'drill',
  takes: ['disconnect'],
  summary: 'cut a share of the sockets of the chat, to see them come back',
  help: `drill disconnect cuts a share of the chat's sockets at once and without a word, as a load balancer does when its
nodes change. Viewers come back by themselves within seconds, and miss nothing; nobody is asked first, so choose the hour.
Look at tidecast shards meanwhile: the sockets fall and rise again.`,
  options: {
    share: { value: 'NUMBER', what: 'of the sockets: more than 0, at most 1' },
    shard: { value: 'SHARD', what: 'only those of this shard (default: all)' },
  },
  run: async ({ door, words, value }) => {
    const [what = ''] = words;
    if (what !== 'disconnect')
      throw new CommandError('usage', `there is no drill '${what}'`, {
        hint: 'There is one: tidecast drill disconnect --share 0.5',
      });
    const share = readShare(value('share'));
    const shard = value('shard');
    const heard = await cutSockets(await door.connect(), {
      share,
      ...(shard === undefined ? {} : { shard }),
    });
    return {
      lines: [
        `Told to cut ${Math.round(share * 1_000) / 10} % of their sockets:`,
        ...whoHeard(heard),
        'Watch them come back: tidecast shards',
      ],
      json: { share, ...heard },
    };
  },
};
