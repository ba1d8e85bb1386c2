import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../support/platform.ts';
import { author, type FakeChat } from '../../fake/chat.ts';
import { FakeShow } from '../../fake/show.ts';
import { beSignedIn, id, missingFrom, view, visitPages } from '../../fake/site.ts';

const visit = visitPages({ mediaS: 30, viewport: { width: 390, height: 844 } });
let page: Page;
let chat: FakeChat;

beforeEach(async () => {
  const { platform } = visit();
  ({ page } = visit());
  ({ chat } = platform.world);
  platform.world.shows.set(id, new FakeShow(visit().media, 10_000));
  platform.world.broadcasts.set(id, view({ chat: { shard: 'a', path: '/chat/a/' }, viewers: 12 }));
  for (let i = 0; i < 40; i += 1) chat.say('Ana', `line ${i}`);
  await beSignedIn(visit());
  await page.goto(`${platform.url}/watch/${id}`);
  await page.locator('.line', { hasText: 'line 39' }).waitFor();
});

/** Where things stand, and whether they overlap or leave the screen. */
const places = () =>
  page.evaluate(() => {
    const box = (selector: string) => document.querySelector(selector)?.getBoundingClientRect();
    const [player, lines, field] = [box('.player'), box('.lines'), box('.composer')];
    if (player === undefined || lines === undefined || field === undefined)
      throw new Error('something is missing');
    return {
      linesBelowPicture: lines.top >= player.bottom - 1,
      linesBesidePicture: lines.left >= player.right,
      fieldBelowLines: field.top >= lines.bottom - 1,
      fieldOnScreen: field.bottom <= innerHeight + 1,
      pictureOnScreen: player.top >= 0 && player.bottom <= innerHeight + 1,
      linesHigh: lines.height >= 60,
      scrolls: document.documentElement.scrollHeight > innerHeight + 1,
    };
  });
const below = {
  linesBelowPicture: true,
  linesBesidePicture: false,
  fieldBelowLines: true,
  fieldOnScreen: true,
  pictureOnScreen: true,
  linesHigh: true,
  scrolls: false,
};

describe('the chat on a phone', () => {
  it('is below the picture, which stays, with the field at the bottom', async () => {
    expect(await places()).toEqual(below);
    expect(await missingFrom(page)).toEqual([]);
    // As with a keyboard over the lower half.
    await page.getByLabel('Message', { exact: true }).focus();
    await page.setViewportSize({ width: 390, height: 480 });
    await until('room for the lines', async () => (await places()).linesHigh || undefined);
    expect(await places()).toEqual(below);
  });

  it('is beside the picture when the phone lies on its side, and on a wide screen', async () => {
    const beside = { ...below, linesBelowPicture: false, linesBesidePicture: true };
    for (const [width, height] of [
      [844, 390],
      [1000, 700],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height });
      const { scrolls: _, ...wanted } = beside;
      expect(await places(), `${width}×${height}`).toMatchObject(wanted);
    }
  });

  it('keeps few rows in the page, however many messages come', async () => {
    for (let i = 0; i < 50; i += 1)
      chat.tell(Array.from({ length: 40 }, (_, n) => chat.make(author(`p${n}`), `flood ${i} ${n}`)));
    await page.locator('.line', { hasText: 'flood 49 39' }).waitFor();
    expect(await page.locator('.line').count()).toBeLessThan(60);
    expect(await page.locator('.lines').getAttribute('data-following')).toBe('true');
  });
});
