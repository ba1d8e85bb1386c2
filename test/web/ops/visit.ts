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
