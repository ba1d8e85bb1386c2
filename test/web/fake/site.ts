import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { BroadcastView } from '../../../core/api/types.ts';
import { buildPages } from '../../../web/build.ts';
import { startBrowser, type Browser } from '../../support/browser.ts';
import { makeMedia, type FakeRendition } from './media.ts';
import { accessToken, startFakePlatform, type FakePlatform } from './platform.ts';

/** What a test of the pages has for itself, but for the media. */
export interface Visit {
  readonly platform: FakePlatform;
  readonly page: Page;
  readonly media: readonly FakeRendition[];
}

export const hostile = '<img src=x onerror="document.title=\'owned\'">';
export const id = 'a'.repeat(26);
export const view = (change: Partial<BroadcastView> = {}): BroadcastView => ({
  broadcastId: id,
  channelId: '0'.repeat(26),
  channelName: 'Harbour Radio',
  title: 'Synths by the sea',
  visibility: 'public',
  state: 'live',
  startedAt: Date.now() - 60_000,
  session: 1,
  ...change,
});

/**
 * The built pages in Chromium against a fake API and fake media, under the real content security policy, for
 * the tests of the file that calls this. No test may leave an error in the page's console.
 */
export function visitPages(options: {
  readonly mediaS: number;
  readonly viewport: { readonly width: number; readonly height: number };
}): () => Visit {
  let pages: string;
  let browser: Browser | undefined;
  let media: readonly FakeRendition[];
  let visit: Visit;
  let complaints: string[];

  beforeAll(async () => {
    pages = await mkdtemp(join(tmpdir(), 'tidecast-pages-'));
    [media, browser] = await Promise.all([
      makeMedia(options.mediaS),
      startBrowser(options.viewport),
      buildPages({ folder: pages }),
    ]);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(pages, { recursive: true });
  });

  beforeEach(async () => {
    if (browser === undefined) throw new Error('there is no browser');
    const platform = await startFakePlatform(pages);
    const page = await browser.context.newPage();
    visit = { platform, page, media };
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      // A refused request is said by Chromium itself, whatever the page makes of it.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
        complaints.push(message.text());
    });
  });

  afterEach(async () => {
    await visit.page.close();
    await visit.platform.close();
    expect(complaints).toEqual([]);
  });

  return () => visit;
}

/** What a page must have for those who can't see it or have no pointer. Returns what is missing. */
export const missingFrom = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const found: string[] = [];
    if (document.documentElement.lang === '') found.push('language');
    if (document.querySelectorAll('h1').length !== 1) found.push('exactly one h1');
    if (document.querySelector('main') === null) found.push('main');
    for (const element of document.querySelectorAll<HTMLElement>('button, a, input, select, video')) {
      const labels =
        element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? element.labels : null;
      const name = element.ariaLabel ?? (element.textContent?.trim() || labels?.[0]?.textContent);
      if (!name) found.push(`a name for ${element.outerHTML.slice(0, 80)}`);
    }
    for (const image of document.querySelectorAll('img')) if (!image.hasAttribute('alt')) found.push('alt');
    if (document.documentElement.scrollWidth > innerWidth) found.push('room: it scrolls sideways');
    return found;
  });

/** Has signed in before, in this tab: where the way in is not what is tested. */
export const beSignedIn = ({ page }: Visit): Promise<unknown> =>
  page.addInitScript(
    (session) => sessionStorage.setItem('tidecast.session', session),
    JSON.stringify({
      accessToken,
      expiresAtMs: Date.now() + 600_000,
      name: 'Robin',
    }),
  );

export async function signIn({ page, platform }: Visit): Promise<void> {
  await page.goto(`${platform.url}/studio`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Robin').waitFor();
}
