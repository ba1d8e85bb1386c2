import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { OwnChannel } from '../../core/api/types.ts';
import { playerFacts, playerIs } from '../support/player.ts';
import { until } from '../support/platform.ts';
import type { FakePlatform } from './fake/platform.ts';
import { FakeShow } from './fake/show.ts';
import { id, missingFrom, signIn, view, visitPages } from './fake/site.ts';

const visit = visitPages({ mediaS: 30, viewport: { width: 390, height: 844 } });
let platform: FakePlatform;
let page: Page;

beforeEach(() => {
  ({ platform, page } = visit());
});

/** What a finger would miss: controls that are too small, or off the screen to the side. */
const hardToHit = (): Promise<readonly string[]> =>
  page.evaluate(() => {
    const least = 40;
    const found: string[] = [];
    for (const element of document.querySelectorAll<HTMLElement>('button, a, input, select, summary')) {
      if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      // A link among words is as high as its line (WCAG 2.5.8 excepts it); a choice is hit by its label.
      if (element.matches('p a, .skip')) continue;
      const hit = element.closest('label') ?? element;
      const { left, right, width, height } = hit.getBoundingClientRect();
      const name = element.ariaLabel ?? (element.textContent?.trim() || element.outerHTML.slice(0, 80));
      if (width < least || height < least) found.push(`${name}: ${Math.round(width)}×${Math.round(height)}`);
      if (left < 0 || right > innerWidth) found.push(`${name}: off the screen`);
    }
    return found;
  });

describe('the watch page on a phone', () => {
  it('has its controls within reach of a finger', async () => {
    platform.world.shows.set(id, new FakeShow(visit().media, 10_000));
    platform.world.broadcasts.set(
      id,
      view({ title: 'A title that is longer than a phone is wide '.repeat(3) }),
    );
    await page.goto(`${platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'live' });
    expect(await missingFrom(page)).toEqual([]);
    expect(await hardToHit()).toEqual([]);
    await page.locator('[data-menu=quality]').click();
    await page.getByRole('radio', { name: 'Auto' }).waitFor();
    expect(await hardToHit()).toEqual([]);
    expect(await missingFrom(page)).toEqual([]);
  });
});

describe('a recording whose cookies run out', () => {
  /** Playlists, the init segment and some segments: what is buffered when the cookies run out. */
  const enoughToStart = 10;

  const openRecording = async (): Promise<void> => {
    const show = new FakeShow(visit().media, 28_000);
    show.end();
    platform.world.shows.set(id, show);
    platform.world.broadcasts.set(id, view({ state: 'ended' }));
    platform.world.archiveRequestsLeft = enoughToStart;
    await page.goto(`${platform.url}/watch/${id}`);
    await playerIs(page, { state: 'playing', mode: 'recording' });
  };
  const asked = (pattern: RegExp): number => platform.world.asked.filter((path) => pattern.test(path)).length;
  const goTo = (where: 'buffer-end' | number): Promise<void> =>
    page.evaluate((time) => {
      const video = document.querySelector('video');
      if (video === null) return;
      video.currentTime = time === 'buffer-end' ? video.buffered.end(0) - 0.3 : time;
    }, where);

  it('gets new ones and plays on', async () => {
    await openRecording();
    await goTo(22);
    await until('the picture beyond', async () => (await playerFacts(page)).currentTime > 22.5 || undefined);
    expect([asked(/^\/archive\//), asked(/\/playback$/)]).toEqual([1, 2]);
  });

  it('says in words that new ones did not help, and asks no more', async () => {
    platform.world.renewsCookies = false;
    await openRecording();
    await until('two more attempts', () => Promise.resolve(asked(/^\/archive\//) === 3 || undefined));
    // What is buffered is shown all the same.
    expect((await playerFacts(page)).state).toBe('playing');
    await goTo('buffer-end');
    await page.getByText('You can’t watch this here right now').waitFor();
    expect(await hardToHit()).toEqual([]);
    expect([asked(/^\/archive\//), asked(/\/playback$/)]).toEqual([3, 3]);
    platform.world.renewsCookies = true;
    await page.getByRole('button', { name: 'Try again' }).click();
    await playerIs(page, { state: 'playing', mode: 'recording' });
  });
});

describe('the studio on a phone', () => {
  const channel: OwnChannel = {
    channelId: '0'.repeat(26),
    name: 'Harbour Radio',
    title: 'Tonight',
    visibility: 'public',
    createdAt: 0,
    keyCreatedAt: 0,
  };

  it('fits a finger, and changes who can watch: the next show and a past one', async () => {
    platform.world.channels.push(channel);
    platform.world.broadcasts.set(id, view({ state: 'ended', durationS: 60 }));
    await signIn(visit());
    await page.getByRole('link', { name: 'Synths by the sea' }).waitFor();
    expect(await missingFrom(page)).toEqual([]);
    expect(await hardToHit()).toEqual([]);
    const form = page.getByRole('form', { name: 'The next show' });
    await form.getByLabel('Who can watch').selectOption('private');
    await form.getByText('Not saved yet').waitFor();
    expect(platform.world.channels[0]?.visibility).toBe('public');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByText('Saved').waitFor();
    expect(platform.world.channels[0]?.visibility).toBe('private');
    await page.getByLabel('Who can watch Synths by the sea').selectOption('unlisted');
    await page.getByText('Saved: Synths by the sea is unlisted').waitFor();
    expect(platform.world.broadcasts.get(id)?.visibility).toBe('unlisted');
  });

  it('renews the key after a question, and shows the new one once', async () => {
    platform.world.channels.push(channel);
    await signIn(visit());
    const ask = page.getByRole('button', { name: 'Renew key' });
    await ask.click();
    expect(await hardToHit()).toEqual([]);
    await page.getByRole('button', { name: 'Keep the old one' }).click();
    expect(platform.world.renewals).toBe(0);
    await ask.click();
    await page.getByRole('button', { name: 'Renew', exact: true }).click();
    const key = page.getByLabel('Stream key', { exact: true });
    await key.waitFor();
    expect([platform.world.renewals, await key.getAttribute('type')]).toEqual([1, 'password']);
    expect(await key.inputValue()).toBe(`${channel.channelId}_${'1'.repeat(32)}`);
    expect(await missingFrom(page)).toEqual([]);
    expect(await hardToHit()).toEqual([]);
    await page.getByRole('button', { name: 'I have saved it' }).click();
    expect(await key.count()).toBe(0);
    expect(await page.content()).not.toContain('1111');
    expect(await page.getByText('Renew the stream key?').isVisible()).toBe(false);
  });
});
