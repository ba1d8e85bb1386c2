import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../core/fleet/policy.ts';
import type { AlarmName } from '../../../core/fleet/decision.ts';
import { commands } from '../../../tools/tidecast/cli.ts';
import { commonOptions } from '../../../tools/tidecast/options.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'runbook.md'), 'utf8');

// A new alarm does not pass the type check before it stands here, and not this test before it has a section.
const alarms = Object.keys({
  'stuck-drain': true,
  'lost-task': true,
  'broken-image': true,
  'address-quota': true,
  'room-short': true,
  'stale-facts': true,
  'address-conflict': true,
  'invalid-plan': true,
  'scheduler-silent': true,
} satisfies Record<AlarmName | 'scheduler-silent', true>);

const sections = new Map(
  text
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.slice(0, section.indexOf('\n')), section] as const),
);

/** As GitHub makes them. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

describe('the runbook', () => {
  it('has a section for every alarm, by exactly its name, with all that is needed at 3 am', () => {
    for (const alarm of alarms) {
      const section = sections.get(alarm) ?? '';
      for (const part of [
        '**Means.**',
        '**What still works.**',
        '**Look first.**',
        '**Do',
        '**Never**',
        '**Clears**',
      ])
        expect(section, alarm).toContain(part);
      expect(section, alarm).toMatch(/npx tidecast \w+/);
    }
  });

  it('has no link to a section that is not there', () => {
    const anchors = new Set([...sections.keys()].map(anchorOf));
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor ?? '');
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => !anchors.has(link))).toEqual([]);
  });

  it('gives times of the policy as they are by default', () => {
    const units = { s: 1_000, minutes: 60_000, hours: 3_600_000, h: 3_600_000 };
    const policy: Readonly<Record<string, unknown>> = { ...defaultPolicy };
    const times = [
      ...text.matchAll(/(?<n>\d+) (?<unit>s|minutes|hours|h)(?: ago)? \(`(?<part>\w+)\.(?<name>\w+)`\)/g),
    ];
    expect(times.length).toBeGreaterThan(5);
    for (const { 0: said, groups } of times) {
      const { n, unit, part = '', name = '' } = groups ?? {};
      expect(policy[part], said).toHaveProperty(name, Number(n) * units[unit as keyof typeof units]);
    }
  });

  it('names only commands and options that there are', () => {
    // A call ends where its quotes, its line or its pipe do.
    const calls = [...text.matchAll(/npx tidecast ([^`\n|&]+)/g)].map(([, call]) => call ?? '');
    expect(calls.length).toBeGreaterThan(15);
    for (const call of calls) {
      const command = commands.find(({ name }) => name === /^[\w-]+/.exec(call)?.[0]);
      expect(command?.name, call).toBeDefined();
      for (const [, option = ''] of call.matchAll(/--([\w-]+)/g))
        expect({ ...commonOptions, ...command?.options }, call).toHaveProperty(option);
    }
  });
});
