import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { BroadcastView } from '../../core/api/types.ts';
import { playerFacts, playerIs } from '../support/player.ts';
import { until } from '../support/platform.ts';
import type { FakePlatform } from './fake/platform.ts';
import { FakeShow } from './fake/show.ts';
import { hostile, id, missingFrom, signIn, view, visitPages } from './fake/site.ts';

const visit = visitPages({ mediaS: 50, viewport: { width: 1280, height: 800 } });
let platform: FakePlatform;
let page: Page;

beforeEach(() => {
  ({ platform, page } = visit());
});

const missing = (): Promise<readonly string[]> => missingFrom(page);

const focused = (): Promise<string> =>
  page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent?.trim() ?? '');

describe('the directory', () => {
  it('says how to start when nobody is live', async () => {
    await page.goto(platform.url);
    await page.getByText('Nobody is live right now').waitFor();
    expect(await page.getByRole('link', { name: 'Open the studio' }).getAttribute('href')).toBe('/studio');
    expect(await missing()).toEqual([]);
  });

  it('lists shows, shows titles as text, and pages through recordings', async () => {
    const old = (n: number): BroadcastView =>
      view({
        broadcastId: String(n).repeat(26),
        title: `Old ${n}`,
        state: 'ended',
        durationS: 3_675,
        startedAt: n,
      });
    platform.world.directory = (cursor) =>
      cursor === null
        ? {
            live: [view({ title: hostile, thumbnail: '/thumbs/sea.jpg' })],
            recordings: [old(2)],
            nextCursor: 'c',
          }
        : { live: [], recordings: [old(1)] };
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(platform.url);
    await page.locator('[data-list=live] strong').waitFor();
    expect(await page.locator('[data-list=live] strong').textContent()).toBe(hostile);
    await page.locator('[data-list=live] .thumb img').waitFor();
    expect(await page.locator('[data-list=recordings] time').textContent()).toBe('1:01:15');
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.getByText('Old 1').waitFor();
    expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0);
    expect(await page.title()).not.toBe('owned');
    expect(await missing()).toEqual([]);
  });

  it('keeps the longest channel name inside its card', async () => {
    const channelName = 'W'.repeat(60);
    platform.world.directory = () => ({
      live: [view({ channelName })],
      recordings: [view({ channelName, state: 'ended', durationS: 60 })],
    });
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(platform.url);
    await page.locator('[data-list=recordings]').waitFor();
    expect(await missing()).toEqual([]);
    const overflowing = await page
      .locator('.card')
      .evaluateAll((cards) => cards.filter((card) => card.scrollWidth > card.clientWidth).length);
    expect(overflowing).toBe(0);
  });

  it('is walked through by the keyboard from the skip link on', async () => {
    platform.world.directory = () => ({ live: [view()], recordings: [] });
    await page.goto(platform.url);
    await page.locator('[data-list=live]').waitFor();
    const order: string[] = [];
    for (let i = 0; i < 5; i += 1) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    expect(order.slice(0, 4)).toEqual(['Skip to content', 'Tidecast, directory', 'Watch', 'Studio']);
    expect(order[4]).toContain('Synths by the sea');
  });

  it('says in plain words that the API is away, and recovers by itself', async () => {
    platform.world.down = true;
    await page.goto(platform.url);
    await page.getByText('Tidecast can’t be reached right now').waitFor();
    platform.world.down = false;
    platform.world.directory = () => ({ live: [view()], recordings: [] });
    // Coming back to the page asks at once; the regular question would take up to 9 s.
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.getByText('Synths by the sea').waitFor();
    expect(await page.getByText('can’t be reached').count()).toBe(0);
  });
});

describe('the watch page', () => {
  it('has words for a show that is not there', async () => {
    await page.goto(`${platform.url}/watch/${id}`);
    await page.getByText('This show isn’t here').waitFor();
  });

  it('leads the owner of a private show to the sign-in and back', async () => {
    await page.goto(`${platform.url}/watch/${id}`);
    await page.getByText('Is it yours?').waitFor();
    await page.locator('[data-control=sign-in]').click();
    await page.waitForURL(/signed-in/);
    await page.waitForURL(`${platform.url}/watch/${id}`);
    await page.getByText('This show isn’t here').waitFor();
    // Signed in, and still not there: then it is not theirs.
    expect(await page.locator('[data-control=sign-in]').count()).toBe(0);
  });

  it('takes a show that was made private off the page and asks no more for its media', async () => {
    platform.world.shows.set(id, new FakeShow(visit().media, 20_000));
    platform.world.broadcasts.set(id, view());
    await page.goto(`${platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'live' });
    platform.world.broadcasts.delete(id);
    platform.world.slot = 'private';
    await page.getByText('This show isn’t here').waitFor();
    expect(await page.getByText('LIVE', { exact: true }).count()).toBe(0);
    expect(await page.title()).toBe('Tidecast');
    const media: string[] = [];
    page.on('request', (request) => media.push(request.url()));
    // Without the engine's end it would ask three times a second.
    await page.waitForTimeout(1_500);
    expect(media).toEqual([]);
    expect(await page.evaluate(() => document.querySelector('video')?.videoWidth)).toBe(0);
    platform.world.broadcasts.set(id, view());
    platform.world.slot = 'in-01';
    await page.getByRole('button', { name: 'Try again' }).click();
    await playerIs(page, { state: 'playing', mode: 'live' });
    await page.getByText('LIVE', { exact: true }).waitFor();
  });

  it('calls the newest picture there is live, and tells the truth about its age', async () => {
    platform.world.mediaLateMs = 20_000;
    platform.world.shows.set(id, new FakeShow(visit().media, 20_000));
    platform.world.broadcasts.set(id, view());
    await page.goto(`${platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'live' });
    await page.locator('[data-control=live][aria-pressed=true]').waitFor();
    await until('the delay', async () => Number((await playerFacts(page)).delayMs) > 15_000 || undefined);
    // And it stays so while parts come: a reading for each of the meter's.
    const live = page.locator('[data-control=live]');
    await page.locator('[data-control=live].at-edge').waitFor();
    const readings: (string | null)[] = [];
    for (let i = 0; i < 8; i += 1) {
      readings.push(await live.getAttribute('aria-pressed'));
      await page.waitForTimeout(250);
    }
    expect(new Set(readings)).toEqual(new Set(['true']));
  });

  it('has a page for addresses without one', async () => {
    const response = await page.goto(`${platform.url}/nowhere`);
    expect(response?.status()).toBe(404);
    await page.getByRole('heading', { level: 1 }).waitFor();
    expect(await missing()).toEqual([]);
  });

  it('plays, saves traffic in the background, goes back in time, survives the encoder, offers the recording', async () => {
    const show = new FakeShow(visit().media, 20_000);
    platform.world.shows.set(id, show);
    platform.world.broadcasts.set(id, view({ title: hostile }));
    await page.goto(`${platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'live' });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(hostile);
    expect(await missing()).toEqual([]);
    const { delayMs, maxLevel } = await playerFacts(page);
    expect(Number(delayMs)).toBeLessThan(6_000);
    expect(maxLevel).toBe('360');

    await setHidden(true);
    await until('the lowest rendition', async () => (await playerFacts(page)).level === '160' || undefined);
    await setHidden(false);
    await until('the best rendition', async () => (await playerFacts(page)).level === '360' || undefined);

    await slideTo(1);
    await playerIs(page, { state: 'playing', mode: 'timeshift' });
    expect(Number((await playerFacts(page)).delayMs)).toBeGreaterThan(15_000);
    await page.keyboard.press('l');
    await playerIs(page, { state: 'playing', mode: 'live' });

    // The broadcast comes back on another task: another slot, another address.
    show.interrupt();
    await playerIs(page, { state: 'interrupted' });
    expect(await page.locator('.overlay').textContent()).toContain(
      'It goes on here as soon as they are back.',
    );
    platform.world.slot = 'in-02';
    show.resume();
    await playerIs(page, { state: 'playing', mode: 'live' });

    show.end();
    await playerIs(page, { state: 'ended' });
    await page.locator('[data-control=recording]').click();
    await playerIs(page, { state: 'playing', mode: 'recording' });
    const length = await page.evaluate(() => document.querySelector('video')?.duration ?? 0);
    expect(length).toBeCloseTo(show.durationS, 0);
  });

  const setHidden = (hidden: boolean): Promise<void> =>
    // Headless Chromium calls every page visible: the page is told as the browser would tell it.
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);

  const slideTo = (seconds: number): Promise<void> =>
    page.locator('[data-timeline]').evaluate((slider: HTMLInputElement, value) => {
      slider.value = String(value);
      slider.dispatchEvent(new Event('change', { bubbles: true }));
    }, seconds);
});

describe('the studio', () => {
  it('signs in, makes a channel, and shows its key once and covered', async () => {
    await signIn(visit());
    expect(new URL(page.url()).search).toBe('');
    const name = page.getByLabel('Name of the channel');
    await name.fill('taken');
    await page.getByRole('button', { name: 'Make the channel' }).click();
    await page.getByText('This name is taken: choose another.').waitFor();
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    await name.fill(hostile);
    await page.getByRole('button', { name: 'Make the channel' }).click();
    const key = page.getByLabel('Stream key', { exact: true });
    await key.waitFor();
    expect(await key.getAttribute('type')).toBe('password');
    await page.getByRole('button', { name: 'Show' }).click();
    expect(await key.getAttribute('type')).toBe('text');
    expect(await key.inputValue()).toMatch(/^0{26}_k{32}$/);
    await page.getByRole('button', { name: 'I have saved it' }).click();
    expect(await key.count()).toBe(0);
    expect(await page.content()).not.toContain('kkkk');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(hostile);
    expect(await missing()).toEqual([]);
  });

  it('keeps the key on the screen whatever Escape does, and gives the focus back', async () => {
    await signIn(visit());
    const name = page.getByLabel('Name of the channel');
    await page.getByRole('button', { name: 'Make the channel' }).click();
    await page.getByText('Give your channel a name.').waitFor();
    expect(await name.evaluate((field) => field === document.activeElement)).toBe(true);
    await name.fill('Harbour Radio');
    await page.getByRole('button', { name: 'Make the channel' }).click();
    const key = page.getByLabel('Stream key', { exact: true });
    await key.waitFor();
    expect(await page.getByRole('button', { name: 'Copy server' }).count()).toBeGreaterThan(0);
    expect(await page.getByRole('button', { name: 'Copy stream key' }).count()).toBe(1);
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    // A browser's own way out, as a second Escape was.
    await page.evaluate(() => document.querySelector('dialog')?.close());
    await page.getByRole('button', { name: 'I have saved it' }).click();
    await key.waitFor({ state: 'detached' });
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');

    await page.getByRole('button', { name: 'Renew key' }).click();
    await page.getByRole('button', { name: 'Renew', exact: true }).click();
    await page.getByRole('button', { name: 'I have saved it' }).click();
    await until('the focus', async () => (await focused()) === 'Renew key' || undefined);
  });

  it('renames the channel', async () => {
    await signIn(visit());
    await page.getByLabel('Name of the channel').fill('Harbour Radio');
    await page.getByRole('button', { name: 'Make the channel' }).click();
    await page.getByRole('button', { name: 'I have saved it' }).click();
    await page.getByText('Rename channel').click();
    const form = page.getByRole('form', { name: 'Rename channel' });
    await form.getByLabel('Channel name').fill('Seaside Radio');
    await form.getByRole('button', { name: 'Save name' }).click();
    await form.getByText('Saved', { exact: true }).waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Seaside Radio');
    expect(platform.world.channels[0]?.name).toBe('Seaside Radio');
  });

  it('shows what arrives with its warnings, and saves the next title', async () => {
    const channel = {
      channelId: '0'.repeat(26),
      name: 'Harbour Radio',
      title: '',
      visibility: 'public' as const,
      createdAt: 0,
      keyCreatedAt: 0,
    };
    platform.world.channels.push(channel);
    platform.world.studio = {
      channel,
      current: {
        broadcast: view(),
        input: {
          width: 1280,
          height: 720,
          framesPerSecond: 30,
          videoBitrateBps: 2_500_000,
          audioBitrateBps: 128_000,
          keyFrameIntervalS: 8,
          videoCodec: 'H.264',
          audioCodec: 'AAC',
          encoder: hostile,
          transcodeSpeed: 1,
          transcodeCpu: 0.8,
          ffmpegRestarts: 0,
          warnings: [{ code: 'key-frame-interval', text: 'Key-frame interval 8 s: set 2 s in OBS.' }],
        },
      },
    };
    await signIn(visit());
    await page.getByText('Key-frame interval 8 s: set 2 s in OBS.').waitFor();
    expect(await page.locator('[data-studio-state]').getAttribute('data-studio-state')).toBe('live');
    expect(await missing()).toEqual([]);
    const form = page.getByRole('form', { name: 'The next show' });
    await form.getByLabel('Title').fill('Tomorrow');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Saved').waitFor();
    expect(platform.world.channels[0]?.title).toBe('Tomorrow');
    expect(await page.title()).not.toBe('owned');
  });
});
