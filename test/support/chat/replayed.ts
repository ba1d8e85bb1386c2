/** The chat of a recording beside its picture, as somebody sees it who seeks. */
import type { Page } from 'playwright-core';
import { until } from '../platform.ts';
import { drawnLines, pageFacts } from './page.ts';

export const seek = (page: Page, toS: number): Promise<void> =>
  page.evaluate((seconds) => {
    const video = document.querySelector('video');
    if (video !== null) video.currentTime = seconds;
  }, toS);

/** Waits until the newest line is the one that was said when the picture was live, give or take `withinS`. */
export async function inStep(
  page: Page,
  what: string,
  said: {
    readonly ids: readonly string[];
    /** Where in the recording the picture is that was live when this was said. */
    readonly atS: (id: string) => number;
    readonly withinS: number;
  },
): Promise<void> {
  const { ids, atS, withinS } = said;
  let seen = '';
  await until(`the chat is in step ${what}`, async () => {
    const pictureS = await page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
    const id = (await drawnLines(page)).at(-1)?.id;
    // The chat follows the picture a few times a second, and the picture goes on between two questions.
    const least = ids.findLast((each) => atS(each) <= pictureS - withinS) ?? '';
    const most = ids.findLast((each) => atS(each) <= pictureS + withinS) ?? '';
    seen = `at ${pictureS} s it shows ${id}, not ${least} to ${most}`;
    return id !== undefined && id >= least && id <= most ? true : undefined;
  }).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; ${seen}; ${await pageFacts(page)}`);
  });
}
