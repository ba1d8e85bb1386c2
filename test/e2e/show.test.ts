import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BroadcastView, Directory } from '../../core/api/types.ts';
import { startBrowser, type Browser } from '../support/browser.ts';
import { startEncoder, testPicture, type Encoder } from '../support/encoder.ts';
import { startTestPlatform, until, type TestChannel, type TestPlatform } from '../support/platform.ts';
import { playerFacts, playerIs, watchAndListen } from '../support/player.ts';

/**
 * The main flow, with nothing faked: ffmpeg pushes, Chromium plays with picture and sound, a viewer goes
 * back in time, the encoder drops and returns, the show ends, the recording plays. One story: each step
 * needs the one before.
 */
describe('a show from the encoder to the browser', () => {
  let platform: TestPlatform;
  let browser: Browser;
  let channel: TestChannel;
  let encoder: Encoder;
  let broadcastId: string;
  let page: Awaited<ReturnType<Browser['context']['newPage']>>;
  const complaints: string[] = [];

  beforeAll(async () => {
    platform = await startTestPlatform();
    browser = await startBrowser();
    channel = await platform.newChannel('Tide pool');
    await platform.api('PATCH', `/api/channels/${channel.channelId}`, { title: 'Starfish at noon' });
  });

  afterAll(async () => {
    await encoder?.kill();
    await browser?.close();
    await platform?.remove();
  });

  it('is live soon after the encoder starts, and stands in the directory', async () => {
    encoder = startEncoder(channel.target, testPicture());
    broadcastId = (await channel.live()).broadcast.broadcastId;
    const directory = await until('the directory lists the show', async () => {
      const now = await platform.api<Directory>('GET', '/api/directory');
      return now.live.some((show) => show.broadcastId === broadcastId) ? now : undefined;
    });
    expect(directory.live[0]).toMatchObject({
      title: 'Starfish at noon',
      channelName: 'Tide pool',
      state: 'live',
    });
  });

  it('has a thumbnail', async () => {
    const picture = await until('a thumbnail', async () => {
      const { thumbnail } = await platform.api<BroadcastView>('GET', `/api/broadcasts/${broadcastId}`);
      if (thumbnail === undefined) return undefined;
      const response = await fetch(`${platform.url}${thumbnail}`);
      return response.ok ? response : undefined;
    });
    expect(picture.headers.get('content-type')).toBe('image/jpeg');
    expect(new Uint8Array(await picture.arrayBuffer()).subarray(0, 2)).toEqual(new Uint8Array([0xff, 0xd8]));
  });

  it('tells the broadcaster what comes in', async () => {
    const input = await until('the input state', async () => {
      const state = (await channel.studio()).current?.input;
      return state?.keyFrameIntervalS === undefined ? undefined : state;
    });
    expect(input).toMatchObject({ width: 640, height: 360, warnings: [] });
    expect(input.framesPerSecond).toBeCloseTo(30, 0);
    expect(input.keyFrameIntervalS).toBeCloseTo(1, 1);
    expect(input.videoBitrateBps).toBeGreaterThan(100_000);
  });

  it('plays in Chromium with moving picture and sound, a few seconds behind', async () => {
    page = await browser.context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${platform.url}/watch/${broadcastId}`);
    await playerIs(page, { state: 'playing', mode: 'live' });
    const { pictures, loudest, advancedS } = await watchAndListen(page, 4);
    expect(pictures).toBeGreaterThan(15);
    expect(loudest).toBeGreaterThan(0.01);
    expect(advancedS).toBeGreaterThan(3);
    const delayMs = Number((await playerFacts(page)).delayMs);
    expect(delayMs).toBeGreaterThan(200);
    expect(delayMs).toBeLessThan(8_000);
  });

  it('drops to the lowest rendition in the background and returns when seen again', async () => {
    const seen = await until('the best rendition plays', async () => {
      const facts = await playerFacts(page);
      return facts.level === '360' ? facts : undefined;
    });
    expect(seen.maxLevel).toBe('360');
    const other = await browser.context.newPage();
    await setVisibility(page, 'hidden');
    await until('the lowest rendition plays', async () =>
      (await playerFacts(page)).level === '160' ? true : undefined,
    );
    await setVisibility(page, 'visible');
    await until('the best one is back', async () =>
      (await playerFacts(page)).level === '360' ? true : undefined,
    );
    await other.close();
  });

  it('goes back to the start of the show and forward to live again', async () => {
    await page.locator('[data-timeline]').evaluate((slider: HTMLInputElement) => {
      slider.value = '0';
      slider.dispatchEvent(new Event('input', { bubbles: true }));
      slider.dispatchEvent(new Event('change', { bubbles: true }));
    });
    const back = await until('an old moment plays', async () => {
      const facts = await playerFacts(page);
      return facts.state === 'playing' && Number(facts.delayMs) > 8_000 ? facts : undefined;
    });
    expect(back.paused).toBe(false);
    await page.locator('[data-control="live"]').click();
    await until('live again', async () => {
      const facts = await playerFacts(page);
      return facts.state === 'playing' && facts.mode === 'live' && Number(facts.delayMs) < 8_000
        ? true
        : undefined;
    });
  });

  it('says so when the encoder drops, and goes on by itself when it returns', async () => {
    await encoder.kill();
    await playerIs(page, { state: 'interrupted' });
    expect((await channel.studio()).current?.broadcast.state).toBe('interrupted');
    encoder = startEncoder(channel.target, testPicture());
    await playerIs(page, { state: 'playing', mode: 'live' });
    const { pictures, advancedS } = await watchAndListen(page, 3);
    expect(pictures).toBeGreaterThan(10);
    expect(advancedS).toBeGreaterThan(2);
    expect((await channel.studio()).current?.broadcast).toMatchObject({
      broadcastId,
      state: 'live',
      session: 2,
    });
  });

  it('ends with the encoder, and the recording plays from its start through the reconnect', async () => {
    await encoder.finish();
    const ended = await until('the broadcast has ended', async () => {
      const view = await platform.api<BroadcastView>('GET', `/api/broadcasts/${broadcastId}`);
      return view.state === 'ended' ? view : undefined;
    });
    expect(ended.durationS).toBeGreaterThan(15);
    await playerIs(page, { state: 'ended' });

    const recording = await browser.context.newPage();
    await recording.goto(`${platform.url}/watch/${broadcastId}`);
    await playerIs(recording, { state: 'playing', mode: 'recording' });
    const { pictures, loudest } = await watchAndListen(recording, 3);
    expect(pictures).toBeGreaterThan(10);
    expect(loudest).toBeGreaterThan(0.01);
    const length = await recording.evaluate(() => document.querySelector('video')?.duration ?? 0);
    expect(length).toBeCloseTo(ended.durationS ?? 0, 0);
    // Over the whole recording, the discontinuity included, at eight times the speed.
    await recording.evaluate(() => {
      const video = document.querySelector('video');
      if (video !== null) video.playbackRate = 8;
    });
    await until(
      'the recording has played to its end',
      () => recording.evaluate(() => (document.querySelector('video')?.ended === true ? true : undefined)),
      60_000,
    );
  });

  it('has thrown no error in the page', () => {
    expect(complaints).toEqual([]);
  });
});

/** Headless Chromium calls every page visible: the page is told as the browser would tell it. */
function setVisibility(
  page: { evaluate: (f: (v: string) => void, v: string) => Promise<void> },
  value: string,
): Promise<void> {
  return page.evaluate((state) => {
    Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
    Object.defineProperty(document, 'hidden', { value: state === 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, value);
}
