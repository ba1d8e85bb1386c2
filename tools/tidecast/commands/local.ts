/** What only the local platform can do, where images and hosts are make-believe. */
import { z } from 'zod';
import type { Command } from '../command.ts';
import { CommandError } from '../errors.ts';
import { readAnswer } from '../http.ts';
import { clean, shortDigest } from '../text.ts';

const released = z.object({ digest: z.string() });
const killed = z.object({ hostId: z.string() });

const onAws = `On AWS a release is a push to the tag that the scheduler watches:

  docker tag <image> <repository>:release
  docker push <repository>:release

The scheduler sees the new digest within a minute and spreads it by itself: one task first, the others when that
one serves; no broadcast is cut off. Watch it: tidecast fleet --watch. Roll back by pushing the older image to
the same tag. Both are in docs/runbook.md.`;

export const release: Command = {
  name: 'release',
  takes: [],
  summary: 'local platform: release a new image (on AWS: says what to do)',
  help: `Makes a new image (another digest) on the local platform; its scheduler spreads it as it would on AWS.

${onAws}`,
  options: { broken: { what: 'an image whose tasks never serve: see the rollout halt' } },
  run: async ({ door, has }) => {
    const local = await door.local();
    if (local === undefined)
      throw new CommandError('failed', 'nothing was released: no local platform runs on this data folder', {
        hint: `Start it with npm start; one with another data folder is found with --data FOLDER.\n\n${onAws}`,
      });
    const broken = has('broken');
    const { digest } = readAnswer(released, await local.ask('/local-control/release', { broken }), 'answer');
    return {
      lines: [
        `Released ${broken ? 'a broken image' : 'an image'}: ${clean(shortDigest(digest))} (${clean(digest)}).`,
        broken ? 'Watch the rollout halt: tidecast fleet --watch' : 'Watch it spread: tidecast fleet --watch',
      ],
      json: { digest, broken },
    };
  },
};

export const killHost: Command = {
  name: 'kill-host',
  takes: ['<n>'],
  summary: 'local platform: pull the plug of a host',
  help: `Kills the host with its task at once, like a power failure: kill-host 3, or kill-host host-3. Its broadcasters'
encoders reconnect and go on with the same broadcast on another task. Only on the local platform.`,
  options: {},
  run: async ({ door, words }) => {
    const [word = ''] = words;
    const number = /^(?:host-)?([1-9]\d{0,4})$/.exec(word)?.[1];
    if (number === undefined)
      throw new CommandError('usage', `'${word}' is not a host of the local platform`, {
        hint: 'Give its number or name: tidecast kill-host 3, tidecast kill-host host-3.',
      });
    const local = await door.local();
    if (local === undefined)
      throw new CommandError('failed', 'no host was killed: no local platform runs on this data folder', {
        hint: 'Start it with npm start, or name its --data FOLDER. Hosts on AWS are never killed by this command.',
      });
    const host = word.startsWith('host-') ? word : Number(number);
    const { hostId } = readAnswer(killed, await local.ask('/local-control/kill-host', { host }), 'answer');
    return {
      lines: [`Killed ${clean(hostId)}.`, 'Watch the fleet heal: tidecast fleet --watch'],
      json: { hostId },
    };
  },
};
