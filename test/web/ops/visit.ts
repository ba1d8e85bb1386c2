import type { Locator } from 'playwright-core';
import { until } from '../../support/platform.ts';
import type { Visit } from '../fake/site.ts';

/** Signs in and waits for the fleet. */
export async function openConsole(visit: Visit): Promise<void> {
  await enterConsole(visit);
  await visit.page.locator('[data-figure=Broadcasts]').waitFor();
  await visit.page.locator('.line').first().waitFor();
}

/** Signs in. */
export async function enterConsole({ page, platform }: Visit): Promise<void> {
  await page.goto(`${platform.url}/ops`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Robin').waitFor();
}

/**
 * The text that is on the screen. Hosts and lines have their place, but none of their text, until a frame has found
 * them on the screen (content-visibility); that they are there is not enough to read them.
 */
export async function shownText(locator: Locator): Promise<string> {
  await locator.scrollIntoViewIfNeeded();
  return until('text on the screen', async () => (await locator.innerText()) || undefined);
}
