/** The chat column of a watch page, as somebody sees it who scrolls through it. */
import type { BrowserContext, Page } from 'playwright-core';
import { isMessageId } from '../../../core/chat/message.ts';
import type { Platform } from '../../../local/platform.ts';
import { until } from '../platform.ts';

export interface PageLine {
  /** Id of the message. */
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** Lines that are drawn now; the list draws what is in sight, and a little more. */
export const drawnLines = (page: Page): Promise<readonly PageLine[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.lines .line-said')]
      .toSorted((a, b) => Number(a.dataset['index']) - Number(b.dataset['index']))
      .map((line) => ({
        id: line.dataset['key'] ?? '',
        name: line.querySelector('.name')?.textContent ?? '',
        text: line.querySelector('.said')?.textContent ?? '',
      })),
  );

interface ReadRow {
  readonly key: string;
  readonly name: string;
  /** Of a message, or of what stands between messages. */
  readonly text: string;
}

/** Scrolls from the first to the last row, as fast as they are drawn; what stands at each place. */
const rowsOf = (page: Page): Promise<readonly (ReadRow | null)[]> =>
  page.locator('.lines').evaluate(async (list) => {
    const drawn = (): Promise<void> =>
      new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
    const rows: (ReadRow | null)[] = [];
    for (let isAtEnd = false; !isAtEnd;) {
      await drawn();
      for (const row of list.querySelectorAll<HTMLElement>('[data-key]')) {
        rows[Number(row.dataset['index'])] = {
          key: row.dataset['key'] ?? '',
          name: row.querySelector('.name')?.textContent ?? '',
          text: (row.querySelector('.said') ?? row).textContent ?? '',
        };
      }
      isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 2;
      list.scrollTop += list.clientHeight * 0.6;
    }
    return Array.from(rows, (row) => row ?? null);
  });

/** Reads all rows of a chat in which nothing is said meanwhile, and comes back to the end. */
export async function readChat(
  page: Page,
): Promise<{ readonly lines: readonly PageLine[]; readonly dividers: readonly string[] }> {
  const list = page.locator('.lines');
  const read = await until('every row was seen', async () => {
    await list.focus();
    await list.press('Home');
    await list.locator('[data-index="0"]').waitFor();
    const rows = await rowsOf(page);
    return rows.includes(null) ? undefined : rows.flatMap((row) => (row === null ? [] : [row]));
  });
  await list.press('End');
  const isMessage = ({ key }: ReadRow): boolean => isMessageId(key);
  return {
    lines: read.filter(isMessage).map(({ key, name, text }) => ({ id: key, name, text })),
    dividers: read.filter((row) => !isMessage(row)).map(({ text }) => text),
  };
}

/** Opens the watch page, signed in when a person is named, and waits for its chat. */
export async function openWatchPage(
  context: BrowserContext,
  platform: Pick<Platform, 'url' | 'tokenFor'>,
  broadcastId: string,
  person?: string,
): Promise<Page> {
  const page = await context.newPage();
  if (person !== undefined) {
    const session = {
      accessToken: await platform.tokenFor(person),
      expiresAtMs: Date.now() + 3_600_000,
      name: person,
    };
    await page.addInitScript(
      (value) => sessionStorage.setItem('tidecast.session', value),
      JSON.stringify(session),
    );
  }
  await page.goto(`${platform.url}/watch/${broadcastId}`);
  return page;
}

/** Seen by the page itself, with every frame: asked from outside, what lasts a moment could be missed. */
export const chatIs = (page: Page, state: string, timeoutMs = 15_000): Promise<void> =>
  page.locator(`[data-chat="${state}"]`).waitFor({ state: 'attached', timeout: timeoutMs });

/** Where the picture is when this line is shown, s. */
export async function pictureAt(page: Page, id: string): Promise<number> {
  const seen = await page.waitForFunction((key) => {
    const line = document.querySelector(`.lines .line-said[data-key="${key}"]`);
    return line === null ? undefined : { atS: document.querySelector('video')?.currentTime ?? 0 };
  }, id);
  return (await seen.evaluate((found) => found?.atS)) ?? 0;
}

/** Types it as a person does. */
export async function say(page: Page, text: string): Promise<void> {
  const field = page.locator('[data-chat] textarea');
  await field.fill(text);
  await field.press('Enter');
}

/** What the chat of a page says of itself, for whoever reads why a test failed. */
export const pageFacts = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const chat = document.querySelector<HTMLElement>('[data-chat]');
    const list = document.querySelector<HTMLElement>('.lines');
    return JSON.stringify({
      chat: chat?.dataset['chat'],
      view: chat?.dataset['view'],
      following: list?.dataset['following'],
      notices: document.querySelector('.chat-notices')?.textContent,
      newest: [...(list?.querySelectorAll('.said') ?? [])].at(-1)?.textContent,
      fromEndPx: list === null ? 0 : list.scrollHeight - list.clientHeight - list.scrollTop,
    });
  });
