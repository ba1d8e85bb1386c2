/** The chat on the console, as an operator sees it during a show. */
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { decisionLog } from '../../support/fleet/log.ts';
import { fleetReport } from '../../support/fleet/report.ts';
import type { FakeOpsChat } from '../fake/ops-chat.ts';
import { hostile, missingFrom, visitPages } from '../fake/site.ts';
import { enterConsole, openConsole, shownText } from './visit.ts';

const visit = visitPages({ mediaS: 1, viewport: { width: 1440, height: 900 } });
let page: Page;
let chat: FakeOpsChat;

beforeEach(() => {
  const { platform } = visit();
  ({ page } = visit());
  const { ops } = platform.world;
  ops.report = fleetReport({ hosts: 20, now: Date.now() });
  ops.log = decisionLog(ops.report, 20);
  ({ chat } = ops);
});

const shard = (name: string) => page.locator(`[data-shard=${name}]`);
const figure = (name: string) => page.locator(`[data-figure="${name}"]`).innerText();
const alarms = () =>
  page
    .locator('[data-alarm^=chat]')
    .evaluateAll((all) => all.map((alarm) => alarm.getAttribute('data-alarm') ?? '').toSorted());
const open = async (): Promise<void> => {
  await openConsole(visit());
  await shard('a').waitFor();
};
const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());

describe('the chat on the console', () => {
  it('shows each shard with its sockets, tasks, broadcasts and when it was heard', async () => {
    chat.shards = [
      { shard: 'a', tasks: 8, sockets: 61_200, broadcasts: 1, postsPerS: 812 },
      { shard: 'b', tasks: 2, sockets: 400, state: 'closed', silentMs: 75_000 },
    ];
    await open();
    const a = await shownText(shard('a'));
    for (const words of ['open', '96 %', '61,200 of 64,000 sockets', '8 tasks', '1 broadcast', '812 posts/s'])
      expect(a).toContain(words);
    expect(a).toMatch(/heard \d s ago/);
    expect(await shard('b').getAttribute('data-condition')).toBe('closed');
    await shard('b').locator('summary').click();
    expect(await shard('b').locator('.reports li').allInnerTexts()).toEqual([
      expect.stringMatching(/512 of 8,000\s+1 min ago, ended or lost/),
      expect.stringMatching(/200 of 8,000\s+\d s ago/),
      expect.stringMatching(/200 of 8,000\s+\d s ago/),
    ]);
    expect(await alarms()).toEqual([]);
  });

  it('shows what is asked against what is allowed, the places, and the limits in force', async () => {
    chat.shards = [
      { shard: 'a', tasks: 2, sockets: 6_000, postsPerS: 900 },
      { shard: 'b', tasks: 2, sockets: 2_000, postsPerS: 800 },
    ];
    await open();
    expect(await figure('Posts a second')).toMatch(
      /1,700 asked, 2,000 allowed\s+85 % of the platform limit, none refused/,
    );
    expect(await figure('Sockets')).toMatch(/8,000\s+25 % of 32,000 places/);
    expect(await figure('Limits in force')).toMatch(/0.5\/s a person, 5 at once\s+200\/s a broadcast/);
  });

  it('shows the greatest rooms, with words of others as text', async () => {
    chat.rooms = chat.rooms.map((room, n) => (n === 0 ? { ...room, title: hostile } : room));
    await open();
    expect(await page.locator('.rooms tbody tr').first().innerText()).toContain(hostile);
    expect(await page.locator('.rooms a').first().getAttribute('href')).toBe(`/watch/${'0'.repeat(26)}`);
    expect(await page.title()).not.toBe('owned');
  });

  it('follows, and shows no more than an API of before says', async () => {
    chat.isPlain = true;
    await open();
    expect(await page.locator('.rooms').count()).toBe(0);
    chat.isPlain = false;
    chat.shards = [...chat.shards, { shard: 'c', tasks: 1, sockets: 3 }];
    await shard('c').waitFor();
    await page.locator('.rooms').waitFor();
  });

  it('is there before the scheduler’s first pass', async () => {
    visit().platform.world.ops.report = undefined;
    await enterConsole(visit());
    await shard('a').waitFor();
    expect(await missingFrom(page)).toEqual([]);
  });

  it('says that it is old when it can’t be renewed', async () => {
    await open();
    visit().platform.world.down = true;
    await page.locator('[data-chat-old]').waitFor();
    expect(await page.locator('[data-chat-old]').innerText()).toMatch(/as it was at \d\d:\d\d:\d\d/);
    expect(await page.locator('.shard').count()).toBe(2);
  });
});

describe('alarms of the chat', () => {
  it('say a silent shard, a Redis that is away, refused posts and a chat that is off', async () => {
    chat.off = true;
    chat.shards = [
      { shard: 'a', tasks: 2, sockets: 6_000, postsPerS: 2_400, refusedPerS: 400 },
      { shard: 'b', tasks: 0, sockets: 0, broadcasts: 14 },
      { shard: 'c', tasks: 2, sockets: 900, isRedisAway: true },
      { shard: 'd', tasks: 0, sockets: 0, broadcasts: 0, state: 'closed', isRedisAway: true },
    ];
    await open();
    expect(await alarms()).toEqual(['chat-limit', 'chat-off', 'chat-redis-away', 'chat-shard-silent']);
    const silent = page.locator('[data-alarm=chat-shard-silent]');
    expect(await silent.innerText()).toContain('shard b: No task has reported for 30 s: its 14 broadcasts');
    expect(await silent.innerText()).toContain('docs/runbook.md#a-shard-has-no-task');
    expect(await page.locator('[data-alarm=chat-limit]').innerText()).toContain('400 a second are refused');
    expect(await figure('Posts a second')).toContain('400 a second refused');
    const conditions = ['a', 'b', 'c', 'd'].map((name) => shard(name).getAttribute('data-condition'));
    expect(await Promise.all(conditions)).toEqual(['open', 'lost', 'redis-away', 'unused']);
    // Beside the two of the fleet.
    expect(await page.title()).toBe('(6) Operations · Tidecast');
    expect(await page.locator('.ops > [role=status]').innerText()).toContain('6 alarms.');
    await silent.getByRole('button', { name: 'shard b' }).click();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-shard'))).toBe('b');
  });

  it('go when what they say is over', async () => {
    chat.shards = chat.shards.map((each) => ({ ...each, isRedisAway: true }));
    await open();
    expect(await alarms()).toEqual(['chat-redis-away']);
    chat.shards = chat.shards.map((each) => ({ ...each, isRedisAway: false }));
    await expect.poll(alarms, { timeout: 15_000 }).toEqual([]);
  });
});

describe('an operator', () => {
  const dialog = () => page.getByRole('dialog');

  it('switches all chats off and on again, after having been asked', async () => {
    await open();
    await page.getByRole('button', { name: 'Switch chat off' }).click();
    expect(await dialog().innerText()).toContain('nobody but staff can write, in any broadcast');
    expect(chat.calls).toEqual([]);
    expect(await focused()).toBe('Cancel');
    await page.keyboard.press('Enter');
    await expect.poll(focused).toBe('Switch chat off …');
    await page.getByRole('button', { name: 'Switch chat off' }).click();
    await dialog().getByRole('button', { name: 'Switch off everywhere' }).click();
    await page.locator('[data-chat=off]').waitFor();
    await page.locator('[data-alarm=chat-off]').waitFor();
    expect(await page.locator('.chat-said').innerText()).toBe('The chat is off everywhere.');
    await page.getByRole('button', { name: 'Switch chat on' }).click();
    await dialog().getByRole('button', { name: 'Switch on' }).click();
    await page.locator('[data-chat=on]').waitFor();
    expect(chat.calls).toEqual([
      ['PATCH /api/ops/chat/platform', { off: true }],
      ['PATCH /api/ops/chat/platform', { off: false }],
    ]);
  });

  it('changes limits by the keyboard, and sees what changes before it does', async () => {
    await open();
    await page.getByRole('button', { name: 'Change limits' }).focus();
    await page.keyboard.press('Enter');
    await dialog().waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('platform.perS');
    expect(await dialog().getByRole('button', { name: 'Review' }).isDisabled()).toBe(true);
    await dialog().getByLabel('Platform, posts a second').fill('lots');
    await dialog().getByText('Must be a number.').waitFor();
    await dialog().getByLabel('Platform, posts a second').fill('3000');
    await page.keyboard.press('Enter');
    await dialog().getByRole('heading', { name: 'Change this limit?' }).waitFor();
    expect(await dialog().locator('.limit-changes').innerText()).toMatch(/2,000.*3,000/s);
    expect(chat.calls).toEqual([]);
    await dialog().getByRole('button', { name: 'Change now' }).press('Enter');
    await page.locator('[data-figure="Posts a second"]', { hasText: '3,000 allowed' }).waitFor();
    expect(chat.calls).toEqual([['PATCH /api/ops/chat/limits', { platform: { perS: 3_000, burst: 4_000 } }]]);
    await expect.poll(focused).toBe('Change limits …');
  });

  it('closes a shard, moves what it has, and opens it again', async () => {
    await open();
    await shard('a').locator('summary').click();
    await shard('a').getByRole('button', { name: 'Close' }).click();
    await dialog().getByRole('button', { name: 'Close it' }).click();
    await page.locator('[data-shard=a][data-condition=closed]').waitFor();
    await shard('a').getByRole('button', { name: 'Move' }).click();
    expect(await dialog().innerText()).toContain('6,200 sockets go there at once');
    await dialog().getByLabel('To').selectOption('b');
    await dialog().getByRole('button', { name: 'Move them' }).click();
    await page.getByText('Moved 1 broadcast from shard a').waitFor();
    await shard('a').getByRole('button', { name: 'Open' }).click();
    await dialog().getByRole('button', { name: 'Open it' }).click();
    await page.locator('[data-shard=a][data-condition=open]').waitFor();
    expect(chat.calls).toEqual([
      ['POST /api/ops/chat/shards/a/close', {}],
      ['POST /api/ops/chat/shards/a/move', { to: 'b' }],
      ['POST /api/ops/chat/shards/a/open', {}],
    ]);
  });

  it('reads why something was refused, and can try again', async () => {
    chat.refusal = { status: 409, detail: 'Others are changing this at the same time.' };
    await open();
    await page.getByRole('button', { name: 'Switch chat off' }).click();
    await dialog().getByRole('button', { name: 'Switch off' }).click();
    await dialog().getByRole('alert').getByText('Others are changing this').waitFor();
    chat.refusal = undefined;
    await dialog().getByRole('button', { name: 'Switch off' }).click();
    await page.locator('[data-chat=off]').waitFor();
  });
});

it('fits on every screen, however many shards and tasks there are', async () => {
  chat.off = true;
  chat.shards = Array.from({ length: 8 }, (_, n) => ({
    shard: `shard-${n}`,
    tasks: n === 3 ? 0 : 60,
    sockets: n === 3 ? 0 : 300_000,
    isRedisAway: n === 4,
    state: n % 3 === 0 ? 'closed' : 'open',
  }));
  await openConsole(visit());
  await page.locator('.shard summary').first().click();
  const tooWide = () =>
    page
      .locator('.shard, .chat-figures .figure, .rooms, .dialog-body')
      .evaluateAll((all) =>
        all.filter((each) => each.scrollWidth > each.clientWidth).map((each) => each.textContent),
      );
  for (const [width, height] of [
    [1920, 1080],
    [1280, 800],
    [820, 1100],
    [390, 844],
  ] as const) {
    await page.setViewportSize({ width, height });
    expect(await missingFrom(page), `${width}`).toEqual([]);
    expect(await tooWide(), `${width}`).toEqual([]);
  }
  await page.getByRole('button', { name: 'Change limits' }).click();
  expect(await missingFrom(page)).toEqual([]);
  expect(await tooWide()).toEqual([]);
});
