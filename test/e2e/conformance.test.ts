import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPlaylists, explain } from '../conformance/check.ts';
import { startEncoder, testPicture, type Encoder } from '../support/encoder.ts';
import { follow, type Follower } from '../support/follower.ts';
import { startTestPlatform, until, type TestPlatform } from '../support/platform.ts';
import { childrenOf } from '../support/processes.ts';

/** Real streams, followed part by part at the origin, held against the numbered rules of LL-HLS. */
describe('the live playlists of real streams', () => {
  let platform: TestPlatform;
  const encoders: Encoder[] = [];

  beforeAll(async () => {
    platform = await startTestPlatform({ graceWindowS: 30, ladder: '360p,160p' });
  });
  afterAll(async () => {
    await Promise.all(encoders.map((encoder) => encoder.kill()));
    await platform?.remove();
  });

  const push = (target: string, input: readonly string[]): Encoder => {
    const encoder = startEncoder(target, input);
    encoders.push(encoder);
    return encoder;
  };

  interface Followed {
    readonly followers: readonly Follower[];
    readonly master: string;
    finish(): Promise<void>;
  }

  async function followShow(live: string): Promise<Followed> {
    const masterUrl = new URL(live, platform.task().httpUrl);
    const master = await (await fetch(masterUrl)).text();
    const lists = master.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const followers = lists.map((list) => follow(masterUrl, list));
    const finish = async (): Promise<void> => {
      await until('the playlists have ended', () =>
        Promise.resolve(
          followers.every((follower) => follower.captures.at(-1)?.text.includes('#EXT-X-ENDLIST') === true)
            ? true
            : undefined,
        ),
      );
      await Promise.all(followers.map((follower) => follower.stop()));
    };
    return { followers, master, finish };
  }

  function violations({ followers, master }: Followed): string {
    const captures = [
      { atMs: followers[0]?.captures[0]?.atMs ?? 0, uri: 'master.m3u8', text: master },
      ...followers.flatMap((follower) => follower.captures),
    ].sort((a, b) => a.atMs - b.atMs);
    return explain(checkPlaylists(captures, { slackMs: 500 }));
  }

  it('keep every rule through a reconnect, at 30 fps with two renditions', async () => {
    const channel = await platform.newChannel('Reconnect');
    const first = push(channel.target, testPicture());
    const show = await followShow((await channel.live()).playback.live ?? '');
    await delay(7_000);
    await first.kill();
    await delay(2_500);
    const second = push(channel.target, testPicture());
    await until('a discontinuity', () =>
      Promise.resolve(
        show.followers.every((f) => /#EXT-X-DISCONTINUITY\n/.test(f.captures.at(-1)?.text ?? ''))
          ? true
          : undefined,
      ),
    );
    await delay(6_000);
    await second.finish();
    await show.finish();
    expect(violations(show)).toBe('');
    expect(show.followers.flatMap((follower) => follower.missing)).toEqual([]);
    for (const { captures } of show.followers) expect(captures.length).toBeGreaterThan(20);
  });

  it('keep every rule at 25 fps when ffmpeg is killed twice', async () => {
    const channel = await platform.newChannel('Killed ffmpeg');
    const encoder = push(channel.target, testPicture({ size: '320x180', rate: 25 }));
    const show = await followShow((await channel.live()).playback.live ?? '');
    for (let killed = 1; killed <= 2; killed++) {
      await delay(4_000);
      const ffmpeg = childrenOf(platform.task().pid).find((child) => child.name === 'ffmpeg');
      if (ffmpeg !== undefined) process.kill(ffmpeg.pid, 'SIGKILL');
      await until(`run ${killed + 1}`, () =>
        Promise.resolve(
          (show.followers[0]?.captures.at(-1)?.text.match(/#EXT-X-DISCONTINUITY\n/g)?.length ?? 0) >= killed
            ? true
            : undefined,
        ),
      );
    }
    await delay(3_000);
    await encoder.finish();
    await show.finish();
    expect(violations(show)).toBe('');
    expect(show.followers.flatMap((follower) => follower.missing)).toEqual([]);
  });

  it('keep every rule at 29.97 fps with a key frame every 10 s', async () => {
    const channel = await platform.newChannel('Key frames');
    const encoder = push(channel.target, [
      ...['-re', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=30000/1001', '-f', 'lavfi', '-i', 'sine'],
      ...[
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-tune',
        'zerolatency',
        '-pix_fmt',
        'yuv420p',
        '-g',
        '300',
        '-c:a',
        'aac',
      ],
    ]);
    const show = await followShow((await channel.live()).playback.live ?? '');
    await until(
      'the studio says what to do',
      async () => {
        const warnings = (await channel.studio()).current?.input?.warnings ?? [];
        return warnings.some((warning) => warning.text === 'key-frame interval 10 s: set 2 s in OBS')
          ? true
          : undefined;
      },
      40_000,
    );
    await encoder.finish();
    await show.finish();
    expect(violations(show)).toBe('');
    expect(show.followers.flatMap((follower) => follower.missing)).toEqual([]);
  });
});
