/** Whether all screens show the same chat, and everything that was answered with an id. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { until } from '../platform.ts';
import { drawnLines, pageFacts, readChat } from './page.ts';
import type { ChatViewer } from './viewer.ts';

/** Texts of what was answered with an id, and not removed since. */
type Said = ReadonlyMap<string, string>;

/** A page keeps so many lines. */
const pageLines = 500;

/**
 * Waits until every stock client has everything, from the first line that it has on, in the same order.
 * @returns the ids that the first one has, who was there from the start
 */
export async function socketsAgree(viewers: readonly ChatViewer[], said: Said): Promise<readonly string[]> {
  const lists = (): readonly (readonly string[])[] => viewers.map(({ shown }) => shown.map(({ id }) => id));
  const wanted = [...said.keys()].toSorted();
  const missing = (): readonly (readonly string[])[] =>
    lists().map((ids) => {
      const has = new Set(ids);
      return wanted.filter((id) => id >= (ids[0] ?? '') && !has.has(id));
    });
  await until('every viewer has everything', () =>
    Promise.resolve(missing().every((ids) => ids.length === 0) ? true : undefined),
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}; missing: ${JSON.stringify(missing())}`);
  });
  // What was refused although it had been published comes a tick later to some.
  await until('all have the same newest', () =>
    Promise.resolve(new Set(lists().map((ids) => ids.at(-1))).size === 1 ? true : undefined),
  );
  const [first = [], ...others] = lists();
  for (const other of others) expect(other).toEqual(first.slice(-other.length));
  expect(first.length).toBeGreaterThanOrEqual(wanted.length);
  expect(viewers.flatMap(({ faults }) => faults)).toEqual([]);
  return first;
}

async function readAtEnd(page: Page, last: string | undefined): ReturnType<typeof readChat> {
  await until('the page shows the newest message', async () =>
    (await drawnLines(page)).at(-1)?.id === last ? true : undefined,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}; ${await pageFacts(page)}`);
  });
  return readChat(page);
}

/** The same on pages, which keep the newest lines. */
export async function pagesAgree(pages: readonly Page[], ids: readonly string[], said: Said): Promise<void> {
  const last = ids.at(-1);
  for (const { lines, dividers } of await Promise.all(pages.map((page) => readAtEnd(page, last)))) {
    expect(lines.length).toBeGreaterThanOrEqual(Math.min(ids.length, pageLines));
    expect(lines.map(({ id }) => id)).toEqual(ids.slice(-lines.length));
    expect(dividers.filter((text) => text.includes('don’t have'))).toEqual([]);
    for (const { id, text } of lines) if (said.has(id)) expect(text).toBe(said.get(id));
  }
}
