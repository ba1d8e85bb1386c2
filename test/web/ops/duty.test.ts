/** What an operator on duty does: reads the log, acts, and sees when what is shown is old. */
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { viewFleet } from '../../../core/fleet/view.ts';
import { decisionLog } from '../../support/fleet/log.ts';
import { fleetReport } from '../../support/fleet/report.ts';
import type { FakePlatform } from '../fake/platform.ts';
import { missingFrom, visitPages } from '../fake/site.ts';
import { enterConsole, openConsole, shownText } from './visit.ts';

const visit = visitPages({ mediaS: 1, viewport: { width: 1440, height: 900 } });
let platform: FakePlatform;
let page: Page;

const publish = (now: number): void => {
  const { ops } = platform.world;
  ops.report = fleetReport({ hosts: 20, now });
  ops.log = decisionLog(ops.report, 260);
};
const card = (slot: string) => page.locator('button.host', { has: page.getByText(slot, { exact: true }) });
const taskAt = (slot: string): string => {
  const { report } = platform.world.ops;
  const host = report && viewFleet(report).hosts.find((each) => each.slot === slot);
  if (host?.task === undefined) throw new Error(`no task at ${slot}`);
  return host.task.taskId;
};
const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());

beforeEach(() => {
  ({ platform, page } = visit());
  publish(Date.now());
});

describe('the decision log', () => {
  it('is newest first, with what came of each decision', async () => {
    await openConsole(visit());
    expect(await page.locator('.line').count()).toBe(100);
    const first = await shownText(page.locator('.line').first());
    expect(first).toContain('rollout');
    expect(first).toContain('it is to go');
    expect(await page.locator('.line-failed').first().textContent()).toContain('failed');
    expect(await page.locator('.line-failed').first().textContent()).toContain('throttled: Rate exceeded');
  });

  it('goes on to older ones until there are none', async () => {
    await openConsole(visit());
    const older = page.getByRole('button', { name: 'Load older' });
    for (const count of [200, 260]) {
      await older.click();
      await expect.poll(() => page.locator('.line').count()).toBe(count);
    }
    expect(await older.count()).toBe(0);
  });

  it('shows one reason', async () => {
    await openConsole(visit());
    await page.getByLabel('Reason').selectOption('waiting');
    const reasons = await page
      .locator('.line')
      .evaluateAll((all) => all.map((line) => line.getAttribute('data-reason')));
    expect(new Set(reasons)).toEqual(new Set(['waiting']));
    expect(reasons.length).toBe(
      platform.world.ops.log.slice(0, 100).filter(({ reason }) => reason === 'waiting').length,
    );
  });

  it('shows what is about the host that was picked, and all again', async () => {
    await openConsole(visit());
    await card('in-03').click();
    const about = taskAt('in-03');
    const expected = platform.world.ops.log.filter(({ subject }) => subject.taskId === about);
    await expect.poll(() => page.locator('.line').count()).toBe(expected.length);
    expect(platform.world.ops.asked.at(-1)).toBe(`limit=100&task=${about}`);
    await page.getByRole('button', { name: 'Show all' }).click();
    await expect.poll(() => page.locator('.line').count()).toBe(100);
    expect(await page.locator('.host-panel').count()).toBe(0);
  });

  it('gets the lines of a new pass on top, and keeps the older ones', async () => {
    await openConsole(visit());
    await page.getByRole('button', { name: 'Load older' }).click();
    await expect.poll(() => page.locator('.line').count()).toBe(200);
    const { ops } = platform.world;
    const before = ops.log;
    publish(Date.now());
    const [newest] = ops.log;
    if (newest === undefined) throw new Error('no line');
    ops.log = [{ ...newest, text: 'the newest line' }, ...before];
    await page.getByText('the newest line').waitFor();
    expect(await page.locator('.line').count()).toBe(201);
    expect(await page.locator('.line').first().textContent()).toContain('the newest line');
  });
});

describe('an operator', () => {
  const panel = () => page.locator('.host-panel');

  it('drains a task, with a reason', async () => {
    await openConsole(visit());
    await card('in-01').click();
    await page.getByRole('button', { name: 'Drain …' }).click();
    const dialog = page.getByRole('dialog');
    expect(await dialog.innerText()).toContain('nobody is cut off');
    const send = dialog.getByRole('button', { name: 'Drain' });
    expect(await send.isDisabled()).toBe(true);
    await dialog.getByLabel('Reason').fill('  new kernel ');
    await send.click();
    await panel().getByText('Asked to drain this task').waitFor();
    expect(platform.world.ops.wishes).toEqual([[`${taskAt('in-01')}/drain`, { reason: 'new kernel' }]]);
    expect(await dialog.count()).toBe(0);
  });

  it('keeps a task that was to go', async () => {
    await openConsole(visit());
    await card('in-12').click();
    await page.getByRole('button', { name: 'Keep …' }).click();
    await page.getByRole('dialog').getByLabel('Reason').fill('needed tonight');
    await page.keyboard.press('Enter');
    await panel().getByText('Asked to keep this task').waitFor();
    expect(platform.world.ops.wishes).toEqual([[`${taskAt('in-12')}/keep`, { reason: 'needed tonight' }]]);
  });

  it('stops a task by force only after typing its id, and sees what will be cut off', async () => {
    await openConsole(visit());
    await card('in-03').click();
    await page.locator('[data-wish=force-stop]').click();
    const dialog = page.getByRole('dialog');
    const { report } = platform.world.ops;
    const task = report && viewFleet(report).hosts.find(({ slot }) => slot === 'in-03')?.task;
    expect(task?.shows.length).toBeGreaterThan(0);
    for (const show of task?.shows ?? []) expect(await dialog.innerText()).toContain(show.broadcastId);
    expect(await dialog.innerText()).toContain('will be cut off');
    const send = dialog.getByRole('button', { name: 'Stop by force' });
    await dialog.getByLabel('Reason').fill('hangs');
    expect(await send.isDisabled()).toBe(true);
    const about = taskAt('in-03');
    await dialog.getByLabel('Type the id').fill(about.slice(0, -1));
    expect(await send.isDisabled()).toBe(true);
    await page.keyboard.press('Enter');
    expect(platform.world.ops.wishes).toEqual([]);
    await dialog.getByLabel('Type the id').fill(about);
    expect(await missingFrom(page)).toEqual([]);
    await send.click();
    await panel().getByText('Asked to stop this task by force').waitFor();
    expect(platform.world.ops.wishes).toEqual([[`${about}/force-stop`, { reason: 'hangs', confirm: about }]]);
  });

  it('is warned that nobody knows what a lost task holds', async () => {
    await openConsole(visit());
    await card('in-10').click();
    await page.locator('[data-wish=force-stop]').click();
    expect(await page.getByRole('dialog').innerText()).toContain('Nobody knows what it holds now');
  });

  it('reads why a wish was refused, and can try again', async () => {
    platform.world.ops.refusal = { status: 409, detail: 'This task has stopped.' };
    await openConsole(visit());
    await card('in-01').click();
    await page.locator('[data-wish=drain]').click();
    await page.getByRole('dialog').getByLabel('Reason').fill('x');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('This task has stopped.').waitFor();
    platform.world.ops.refusal = undefined;
    await page.keyboard.press('Enter');
    await panel().getByText('Asked to drain this task').waitFor();
  });

  it('does all of it by the keyboard, and finds the focus where it was', async () => {
    await openConsole(visit());
    await card('in-03').focus();
    await page.keyboard.press('Enter');
    expect(await focused()).toBe('in-03 draining');
    const order: (string | undefined)[] = [];
    for (let i = 0; i < 8 && !order.includes('Force-stop …'); i += 1) {
      await page.keyboard.press('Tab');
      order.push(await focused());
    }
    expect(order.slice(-2)).toEqual(['Keep …', 'Force-stop …']);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('name'))).toBe('reason');
    await page.keyboard.press('Escape');
    await expect.poll(focused).toBe('Force-stop …');
    await page.keyboard.press('Escape');
    await expect.poll(() => panel().count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.querySelector('.slot')?.textContent)).toBe(
      'in-03',
    );
  });
});

describe('what is old is said to be', () => {
  it('when the scheduler is silent', async () => {
    const at = Date.now() - 90_000;
    publish(at);
    await openConsole(visit());
    const said = await page.locator('[data-pulse=silent]').innerText();
    const clock = await page.evaluate((ms) => new Date(ms).toTimeString().slice(0, 8), at);
    expect(said).toContain(`Scheduler silent since ${clock}`);
    expect(said).toContain('docs/runbook.md#scheduler-silent');
    expect(await page.title()).toContain('⚠');
    publish(Date.now());
    await page.locator('[data-pulse=live]').waitFor();
    expect(await page.locator('[data-pulse=silent]').count()).toBe(0);
  });

  it('by the clock of the server, not of the machine that shows it', async () => {
    platform.world.mediaLateMs = 120_000;
    publish(Date.now() + 120_000 - 50_000);
    await openConsole(visit());
    await page.locator('[data-pulse=live]', { hasText: /ago/ }).waitFor();
    platform.world.mediaLateMs = 200_000;
    publish(Date.now() + 120_000 - 40_000);
    await page.reload();
    await page.locator('[data-pulse=silent]').waitFor();
  });

  it('when the API is away: it says when it tries again, and what was there stays', async () => {
    await openConsole(visit());
    platform.world.down = true;
    await page.locator('[data-pulse=outage]', { hasText: 'can’t be reached' }).waitFor();
    expect(await page.locator('[data-pulse=outage]').innerText()).toMatch(/Trying again at \d\d:\d\d:\d\d/);
    expect(await page.locator('button.host').count()).toBe(20);
    platform.world.down = false;
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('[data-pulse=live]').waitFor();
  });

  it('when there was no pass yet, and the first one appears', async () => {
    const { ops } = platform.world;
    ops.report = undefined;
    await enterConsole(visit());
    await page.getByText('has not finished a pass yet').waitFor();
    expect(await missingFrom(page)).toEqual([]);
    publish(Date.now());
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('[data-figure=Broadcasts]').waitFor();
  });

  it('not at all to people without the right: they learn which group it takes', async () => {
    platform.world.ops.isForbidden = true;
    await enterConsole(visit());
    await page.getByRole('heading', { name: 'This page is for operators' }).waitFor();
    await page.getByText('“operators”').waitFor();
    expect(await missingFrom(page)).toEqual([]);
    await page.getByRole('button', { name: 'Sign in as somebody else' }).click();
    await page.getByRole('button', { name: 'Sign in', exact: true }).waitFor();
  });
});
