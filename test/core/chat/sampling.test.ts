import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messageId, type ChatMessage, type ChatRole } from '../../../core/chat/message.ts';
import { Sampler } from '../../../core/chat/sampling.ts';

const startS = 1_790_000_000;

interface Said {
  readonly atS: number;
  readonly person: string;
  readonly role?: ChatRole;
}

const message = ({ atS, person, role = 'viewer' }: Said): ChatMessage => ({
  id: messageId(Math.round((startS + atS) * 1e6)),
  at: Math.round((startS + atS) * 1e3),
  text: 'こんにちは',
  by: { id: person, name: person, role },
});

/** Evenly over the seconds; `person` says who speaks as the nth. */
const stream = (options: {
  readonly perS: number;
  readonly seconds: number;
  readonly fromS?: number;
  readonly person: (n: number) => string;
}): ChatMessage[] => {
  const { perS, seconds, fromS = 0, person } = options;
  return Array.from({ length: perS * seconds }, (_, n) =>
    message({ atS: fromS + (n + 0.37) / perS, person: person(n) }),
  );
};

const shownOf = (sampler: Sampler, messages: readonly ChatMessage[]): ChatMessage[] =>
  messages.filter((said) => sampler.take(said));

const secondOf = (said: ChatMessage): number => Math.floor(Number(said.id) / 1e6) - startS;

const count = <T>(items: readonly T[], isMeant: (item: T) => boolean): number =>
  items.reduce((sum, item) => sum + Number(isMeant(item)), 0);

const longestSilenceS = (messages: readonly ChatMessage[]): number => {
  const times = messages.map(({ id }) => Number(id) / 1e6);
  return Math.max(0, ...times.slice(1).map((time, n) => time - (times[n] ?? time)));
};

describe('which messages are shown', () => {
  it('leaves nothing out while no more is said than can be read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.tuple(fc.nat(999_999), fc.nat(3)), { maxLength: 20 }), { maxLength: 12 }),
        (seconds) => {
          const sampler = new Sampler(20);
          const messages = seconds
            .flatMap((second, s) =>
              second.map(([us, person]) => message({ atS: s + us / 1e6, person: `p${person}` })),
            )
            .sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(shownOf(sampler, messages)).toHaveLength(messages.length);
        },
      ),
    );
  });

  it.each([100, 200, 1_000, 5_000])('shows about 50 of %i a second, every second', (perS) => {
    const messages = stream({ perS, seconds: 20, person: (n) => `p${(n * 7919) % 997}` });
    const shown = shownOf(new Sampler(50), messages);
    const perSecond = Array.from({ length: 18 }, (_, s) => count(shown, (said) => secondOf(said) === s + 2));
    expect(perSecond.reduce((a, b) => a + b) / 18).toBeGreaterThan(42);
    expect(perSecond.reduce((a, b) => a + b) / 18).toBeLessThan(56);
    for (const shown of perSecond) expect(shown).toBeLessThanOrEqual(100);
    expect(longestSilenceS(shown)).toBeLessThan(0.3);
  });

  it('shows one who hammers about as often as everybody else', () => {
    const messages = stream({
      perS: 1_000,
      seconds: 60,
      person: (n) => (n % 2 === 0 ? 'hammerer' : `p${Math.floor(n / 2) % 500}`),
    });
    const shown = shownOf(new Sampler(50), messages).filter((said) => secondOf(said) >= 2);
    const hammered = count(shown, ({ by }) => by.id === 'hammerer');
    const others = (shown.length - hammered) / 500;
    expect(others).toBeGreaterThan(4.5);
    expect(hammered).toBeLessThan(others * 2.5);
    expect(hammered).toBeGreaterThan(0);
  });

  it('gives little to one who hammers every other second only', () => {
    const messages = stream({
      perS: 1_000,
      seconds: 60,
      person: (n) => (Math.floor(n / 1_000) % 2 === 0 && n % 2 === 0 ? 'hammerer' : `p${n % 500}`),
    });
    const shown = shownOf(new Sampler(50), messages).filter((said) => secondOf(said) >= 2);
    const hammered = count(shown, ({ by }) => by.id === 'hammerer');
    expect(hammered).toBeLessThan((5 * (shown.length - hammered)) / 500);
  });

  it('caps a sudden burst, and is not silent for the rest of its second', () => {
    const quiet = stream({ perS: 10, seconds: 3, person: (n) => `p${n}` });
    const burst = stream({ perS: 3_000, seconds: 3, fromS: 3, person: (n) => `b${n % 800}` });
    const shown = shownOf(new Sampler(50), [...quiet, ...burst]);
    expect(count(shown, (said) => secondOf(said) < 3)).toBe(30);
    expect(count(shown, (said) => secondOf(said) === 3)).toBeLessThanOrEqual(100);
    expect(longestSilenceS(shown)).toBeLessThan(0.4);
  });

  it('does not fall silent when a flood ends', () => {
    for (const after of [20, 40, 60, 100]) {
      const flood = stream({ perS: 4_000, seconds: 3, person: (n) => `f${n % 900}` });
      const rest = stream({ perS: after, seconds: 3, fromS: 3, person: (n) => `r${n % 30}` });
      const shown = shownOf(new Sampler(50), [...flood, ...rest]);
      expect(longestSilenceS(shown)).toBeLessThan(0.5);
      if (after <= 40) expect(count(shown, (said) => secondOf(said) >= 4)).toBe(after * 2);
    }
  });

  it('always shows staff, and does not count them', () => {
    const staff = Array.from({ length: 5_000 }, (_, n) =>
      message({ atS: n / 1_000, person: `p${n % 300}`, role: n % 4 === 0 ? 'moderator' : 'viewer' }),
    );
    const shown = shownOf(new Sampler(50), staff);
    expect(count(shown, ({ by }) => by.role === 'moderator')).toBe(1_250);
    expect(count(shown, ({ by }) => by.role === 'viewer')).toBeLessThan(5 * 75);
  });

  it('is the same on two tasks after two windows, whenever each began', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 60_000 }), fc.nat(40)), {
          minLength: 200,
          maxLength: 900,
        }),
        fc.nat(500),
        fc.integer({ min: 1, max: 30 }),
        (steps, late, shownPerS) => {
          let us = 0;
          const messages = steps.map(([step, person]) => {
            us += step;
            return message({ atS: us / 1e6, person: `p${person}` });
          });
          const early = new Set(shownOf(new Sampler(shownPerS), messages));
          const missed = messages.slice(late);
          const later = new Set(shownOf(new Sampler(shownPerS), missed));
          const [first] = missed;
          if (first === undefined) return;
          const agreed = missed.filter((said) => secondOf(said) >= secondOf(first) + 2);
          for (const said of agreed) expect(later.has(said)).toBe(early.has(said));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('goes on while the ids stand still because the clock of Redis stepped back', () => {
    const sampler = new Sampler(50);
    const before = stream({ perS: 200, seconds: 3, person: (n) => `p${n % 90}` });
    const frozen = stream({ perS: 200, seconds: 30, fromS: 3, person: (n) => `p${n % 90}` }).map(
      ({ at, text, by }, n) => ({ id: messageId((startS + 3) * 1e6 + n), at, text, by }),
    );
    shownOf(sampler, before);
    const shown = shownOf(sampler, frozen).map(({ at }) => at);
    expect(shown.length).toBeGreaterThan(30 * 20);
    expect(Math.max(...shown.slice(1).map((at, n) => at - (shown[n] ?? at)))).toBeLessThan(1_500);
  });

  it('says how much is said and shown', () => {
    const sampler = new Sampler(50);
    expect(sampler.rates()).toEqual({ saidPerS: 0, shownPerS: 0 });
    shownOf(sampler, stream({ perS: 1_000, seconds: 4, person: (n) => `p${n % 400}` }));
    expect(sampler.rates().saidPerS).toBe(1_000);
    expect(sampler.rates().shownPerS).toBeGreaterThan(35);
    expect(sampler.rates().shownPerS).toBeLessThan(70);
  });

  it('follows a limit that is changed while it runs', () => {
    const sampler = new Sampler(50);
    shownOf(sampler, stream({ perS: 500, seconds: 3, person: (n) => `p${n % 400}` }));
    sampler.shownPerS = 10;
    const shown = shownOf(sampler, stream({ perS: 500, seconds: 5, fromS: 3, person: (n) => `p${n % 400}` }));
    expect(count(shown, (said) => secondOf(said) >= 4)).toBeLessThan(4 * 20);
    sampler.shownPerS = 0;
    expect(shownOf(sampler, stream({ perS: 500, seconds: 2, fromS: 8, person: () => 'p' }))).toEqual([]);
  });

  it('keeps a bounded memory of 100,000 people in a second', () => {
    const sampler = new Sampler(50);
    const shown = shownOf(sampler, stream({ perS: 100_000, seconds: 3, person: (n) => `p${n}` }));
    const last = count(shown, (said) => secondOf(said) === 2);
    expect(last).toBeGreaterThan(25);
    expect(last).toBeLessThan(100);
  });
});
