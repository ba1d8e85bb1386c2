import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { archivePlaylist, livePlaylist } from '../../../containers/api/links.ts';
import { parseLivePath } from '../../../containers/ingest/live/live-path.ts';
import {
  archiveFolder,
  liveFolder,
  masterKey,
  pathOfKey,
  playlistKey,
  thumbnailKey,
} from '../../../core/media/addresses.ts';
import type { Broadcast } from '../../../core/broadcast/types.ts';
import { masterPlaylistName } from '../../../core/media/names.ts';
import { timingFor } from '../../../core/media/timing.ts';
import { routes } from '../../../core/routes.ts';

const ids = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
const slots = fc.stringMatching(/^[a-z0-9-]{1,32}$/);

const broadcast: Broadcast = {
  broadcastId: '01b',
  channelId: '01c',
  ownerId: 'owner',
  channelName: 'Channel',
  title: 'Title',
  visibility: 'private',
  state: 'live',
  startedAt: 0,
  session: 1,
  slot: 'slot-1',
  taskId: 'task',
  seenAt: 0,
  encoderSeenAt: 0,
  plan: { ladder: [], timing: timingFor({ num: 30, den: 1 }) },
};

/** The first route whose pattern fits, as CloudFront chooses. */
const routeOf = (path: string): string | undefined =>
  routes.find((route) => {
    const [start = '', end = ''] = route.path.split('*');
    return path.startsWith(start) && path.endsWith(end);
  })?.name;

describe('the addresses of a broadcast', () => {
  it('of its live window are understood by the task that serves it', () => {
    fc.assert(
      fc.property(fc.boolean(), slots, ids, (isPrivate, slot, broadcastId) => {
        const live = { isPrivate, slot, broadcastId };
        expect(parseLivePath(liveFolder(live) + masterPlaylistName)).toEqual({
          ...live,
          target: { kind: 'master' },
        });
      }),
    );
  });

  it('of its archive are where the task stores it', () => {
    expect(masterKey('01b')).toBe('archive/01b/master.m3u8');
    expect(playlistKey('01b', '720p').startsWith(archiveFolder('01b'))).toBe(true);
    expect(archivePlaylist({ ...broadcast, state: 'ended', durationS: 2 })).toBe(pathOfKey(masterKey('01b')));
  });

  it('differ while it is private', () => {
    expect(livePlaylist(broadcast)).toBe('/live-private/slot-1/01b/master.m3u8');
    expect(livePlaylist({ ...broadcast, visibility: 'unlisted' })).toBe('/live/slot-1/01b/master.m3u8');
  });

  it('each have the route of their kind', () => {
    const live = { slot: 'slot-1', broadcastId: '01b' };
    const paths = [
      liveFolder({ ...live, isPrivate: true }),
      liveFolder({ ...live, isPrivate: false }),
      pathOfKey(archiveFolder('01b')),
      pathOfKey(thumbnailKey('01b')),
    ];
    expect(paths.map(routeOf)).toEqual(['private-live-media', 'live-media', 'archive-media', 'thumbnail']);
  });
});
