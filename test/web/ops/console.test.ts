import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { viewFleet } from '../../../core/fleet/view.ts';
import { decisionLog } from '../../support/fleet/log.ts';
import type { FleetWish } from '../../support/fleet/hosts.ts';
import { fleetReport } from '../../support/fleet/report.ts';
import type { FakePlatform } from '../fake/platform.ts';
import { hostile, missingFrom, visitPages } from '../fake/site.ts';
import { openConsole, shownText } from './visit.ts';

const visit = visitPages({ mediaS: 1, viewport: { width: 1440, height: 900 } });
let platform: FakePlatform;
let page: Page;

/** The scheduler has finished a pass. */
const publish = (wish: Partial<FleetWish> = {}): void => {
  const { ops } = platform.world;
  ops.report = fleetReport({ hosts: 20, now: Date.now(), ...wish });
  ops.log = decisionLog(ops.report, 260);
};
const figure = (name: string) => page.locator(`[data-figure="${name}"]`).innerText();
const card = (slot: string) => page.locator('button.host', { has: page.getByText(slot, { exact: true }) });

beforeEach(() => {
  ({ platform, page } = visit());
  publish();
});

describe('the console', () => {
  it('shows the figures of the last pass', async () => {
    await openConsole(visit());
    const { figures } = fleetReport({ hosts: 20, now: 0 }).plan;
    expect(await figure('Broadcasts')).toContain(`\n${figures.broadcasts}\n`);
    expect(await figure('Free room')).toContain(`${(figures.freePoints / 1000).toFixed(1)} of `);
    expect(await figure('Free room')).toContain('Limited by address quota, stops a pass');
    expect(await figure('Hosts')).toBe('Hosts\n20');
    expect(await figure('Serving')).toBe('Serving\n10');
    expect(await figure('Draining')).toBe('Draining\n3');
    expect(await figure('Lost')).toBe('Lost\n1');
    expect(await figure('Front set')).toContain(String(figures.front.length));
    expect(await figure('Longest drain')).toBe('Longest drain\n14 h');
    expect(await figure('Rollout')).toMatch(/rolling \d+ of 17 tasks/i);
  });

  it.each([
    ['steady', 'steady 17 of 17'],
    ['canary', 'canary 2 of 17'],
    ['halted', 'halted 2 of 17'],
  ] as const)('says that a rollout is %s', async (rollout, words) => {
    publish({ rollout });
    await openConsole(visit());
    expect((await figure('Rollout')).toLowerCase()).toContain(words);
  });

  it('shows each host with its state as a word, its image, its broadcasts and why it goes', async () => {
    await openConsole(visit());
    const states = await page
      .locator('button.host')
      .evaluateAll((hosts) =>
        hosts.map(
          (host) =>
            `${host.querySelector('.slot')?.textContent} ${host.querySelector('.state-word')?.textContent}`,
        ),
      );
    expect(states).toHaveLength(20);
    expect(states).toEqual(
      expect.arrayContaining([
        'in-10 lost',
        'in-03 draining',
        'in-12 expired',
        'in-06 starting',
        'in-19 stopping',
        'in-01 serving',
        'in-17 idle',
        '– launching',
        '– terminating',
      ]),
    );
    const draining = await shownText(card('in-03'));
    expect(draining).toContain('4be14be');
    expect(draining).toMatch(/scale-in for 14 h:\s+waits for \d broadcast/);
    expect(await card('in-03').getAttribute('aria-label')).toMatch(
      /^in-03, draining, \d broadcasts, CPU \d+ %.*, to go by scale-in for 14 h$/,
    );
    expect(await shownText(card('in-01'))).toContain('in front');
    expect(await missingFrom(page)).toEqual([]);
  });

  it('puts what needs eyes first, or goes by slot or image', async () => {
    await openConsole(visit());
    const titles = () => page.locator('.group-title').allInnerTexts();
    expect((await titles()).map((title) => title.split(/\s/)[0])).toEqual([
      'Lost',
      'Starting',
      'Draining',
      'Expired',
      'Stopping',
      'Serving',
      'Idle',
      'Launching',
      'Terminating',
    ]);
    await page.getByRole('radio', { name: 'Image' }).check({ force: true });
    expect((await titles()).at(-1)).toContain('Without a task');
    await page.getByRole('radio', { name: 'Slot' }).check({ force: true });
    expect(await titles()).toEqual([]);
    const slots = [0, 1, 2].map((n) => shownText(page.locator('.slot').nth(n)));
    expect(await Promise.all(slots)).toEqual(['in-01', 'in-02', 'in-03']);
    // A wall screen comes back as it was.
    await page.reload();
    await page.locator('button.host').first().waitFor();
    expect(await titles()).toEqual([]);
  });

  it('follows the scheduler from pass to pass', async () => {
    await openConsole(visit());
    publish({ hosts: 21 });
    await page.locator('[data-figure=Hosts]', { hasText: '21' }).waitFor();
    await card('in-21').waitFor();
  });

  it('says alarms with the section of the runbook, and leads to their hosts', async () => {
    publish({ rollout: 'halted' });
    await openConsole(visit());
    const names = await page
      .locator('[data-alarm]')
      .evaluateAll((alarms) => alarms.map((alarm) => alarm.getAttribute('data-alarm')));
    expect(names).toEqual(['broken-image', 'lost-task', 'stuck-drain']);
    expect(await page.locator('[data-alarm=stuck-drain]').innerText()).toContain(
      'docs/runbook.md#stuck-drain',
    );
    expect(await page.title()).toBe('(3) Operations · Tidecast');
    await page.locator('[data-alarm=lost-task] button').click();
    await page.getByRole('heading', { name: 'in-10 lost' }).waitFor();
  });

  it('shows words of others as text', async () => {
    const { ops } = platform.world;
    const [first, ...rest] = ops.log;
    if (first === undefined || ops.report === undefined) throw new Error('no log');
    ops.log = [{ ...first, text: hostile }, ...rest];
    const alarms = [{ name: 'lost-task', subject: {}, text: hostile }] as const;
    ops.report = { ...ops.report, plan: { ...ops.report.plan, alarms } };
    await openConsole(visit());
    expect(await page.locator('.line-text').first().textContent()).toBe(hostile);
    expect(await page.locator('.alarm li').innerText()).toContain(hostile);
    expect(await page.title()).not.toBe('owned');
  });

  it('does not talk while nothing begins or ends', async () => {
    await openConsole(visit());
    await page.evaluate(() => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      const observer = new MutationObserver((changes) => {
        for (const { target } of changes) said.push(target.textContent ?? '');
      });
      for (const region of document.querySelectorAll('[role=status], [role=alert], [aria-live]'))
        observer.observe(region, { childList: true, characterData: true, subtree: true });
    });
    const said = () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    publish({ hosts: 21 });
    await card('in-21').waitFor();
    expect(await said()).toEqual([]);
    publish({ rollout: 'halted' });
    await page.locator('[data-alarm=broken-image]').waitFor();
    expect(await said()).toEqual(['3 alarms.']);
  });
});

describe('three hundred hosts', () => {
  it('are cells of a bounded page, and are found by what is known of them', async () => {
    publish({ hosts: 300 });
    await openConsole(visit());
    expect(await page.locator('button.host').count()).toBe(300);
    // 10 elements a host, 8 a line of the log, and what is around.
    expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThan(300 * 10 + 1_300);
    await page.getByLabel('Find').fill('in-298 serving');
    expect(await page.locator('button.host').count()).toBe(1);
    expect(await page.locator('.found').innerText()).toBe('1 of 300 hosts');
  });

  it('are drawn again only where something has changed', async () => {
    publish({ hosts: 300 });
    await openConsole(visit());
    await page.evaluate(() => {
      const changed = new Set<string>();
      Object.assign(globalThis, { changed });
      const grids = document.querySelector('.groups');
      if (grids === null) throw new Error('no hosts');
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const element = target instanceof Element ? target : target.parentElement;
          changed.add(element?.closest<HTMLElement>('[data-host]')?.dataset['host'] ?? '');
        }
      }).observe(grids, { attributes: true, childList: true, characterData: true, subtree: true });
    });
    const { report } = platform.world.ops;
    const heartbeats = report?.snapshot.sources.heartbeats;
    const [first, ...rest] = heartbeats?.value ?? [];
    if (report === undefined || heartbeats === undefined || first === undefined) throw new Error('no pass');
    const value = [{ ...first, cpu: 0.66 }, ...rest];
    const sources = { ...report.snapshot.sources, heartbeats: { ...heartbeats, value } };
    const next = { ...report, at: report.at + 1, snapshot: { ...report.snapshot, sources } };
    platform.world.ops.report = next;
    await page.locator(`[data-host="${first.hostId}"][aria-label*="CPU 66 %"]`).waitFor();
    expect(
      await page.evaluate(() => [...(globalThis as unknown as { changed: Set<string> }).changed]),
    ).toEqual([first.hostId]);
    expect(viewFleet(next).hosts).toHaveLength(300);
  });
});

describe('on every screen', () => {
  it.each([
    [1920, 1080],
    [1440, 900],
    [768, 1024],
    [390, 844],
  ])('of %i × %i nothing is missing or too wide', async (width, height) => {
    await page.setViewportSize({ width, height });
    await openConsole(visit());
    await card('in-03').click();
    await page.getByRole('heading', { name: 'in-03 draining' }).waitFor();
    expect(await missingFrom(page)).toEqual([]);
    const panel = await page.locator('.host-panel').boundingBox();
    expect(panel?.y).toBeGreaterThanOrEqual(0);
    expect((panel?.y ?? 0) + 100).toBeLessThan(height);
  });

  it.each(['dark', 'light'] as const)(
    'in %s mode every text stands out from its ground',
    async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      publish({ rollout: 'halted' });
      await openConsole(visit());
      await card('in-03').click();
      const faint = await page.evaluate(() => {
        const canvas = document.createElement('canvas');
        canvas.width = 1;
        canvas.height = 1;
        const context = canvas.getContext('2d', { willReadFrequently: true });
        if (context === null) throw new Error('no canvas');
        /** Colours laid over each other, as they are seen. */
        const mixed = (colours: readonly string[]): readonly number[] => {
          context.clearRect(0, 0, 1, 1);
          for (const colour of colours) {
            context.fillStyle = colour;
            context.fillRect(0, 0, 1, 1);
          }
          return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
        };
        const light = (rgb: readonly number[]): number => {
          const [r = 0, g = 0, b = 0] = rgb.map((value) => {
            const share = value / 255;
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
          });
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const found: string[] = [];
        for (const element of document.querySelectorAll<HTMLElement>('.page-ops *')) {
          const own = [...element.childNodes].some(
            (node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim() !== '',
          );
          if (!own || !element.checkVisibility() || element.closest('.hidden-label, :disabled, option'))
            continue;
          const grounds: string[] = [];
          for (let at: Element | null = element; at !== null; at = at.parentElement)
            grounds.unshift(getComputedStyle(at).backgroundColor);
          const ground = light(mixed(grounds));
          const text = light(mixed([...grounds, getComputedStyle(element).color]));
          const contrast = (Math.max(ground, text) + 0.05) / (Math.min(ground, text) + 0.05);
          if (contrast < 4.5)
            found.push(`${element.className}: ${element.textContent} ${contrast.toFixed(2)}`);
        }
        return [...new Set(found)];
      });
      expect(faint).toEqual([]);
    },
  );
});
