/** What somebody has typed for the limits, and what of it is a change that the API takes. Pure. */
import type { ChatLimits } from '../../../core/chat/limits.ts';
import { rate } from './chat-words.ts';

export const limitFields = [
  { name: 'platform.perS', label: 'Platform, posts a second', min: 0.001, max: 1e6 },
  { name: 'platform.burst', label: 'Platform, at once after a rest', min: 1, max: 1e6 },
  { name: 'channel.perS', label: 'A broadcast, posts a second', min: 0.001, max: 1e6 },
  { name: 'channel.burst', label: 'A broadcast, at once', min: 1, max: 1e6 },
  { name: 'person.perS', label: 'A person, posts a second', min: 0.001, max: 1e6 },
  { name: 'person.burst', label: 'A person, at once', min: 1, max: 1e6 },
  { name: 'shownPerS', label: 'Shown on a screen, messages a second', min: 1, max: 10_000 },
] as const;

export type LimitField = (typeof limitFields)[number]['name'];
export type TypedLimits = Readonly<Record<LimitField, string>>;

export interface LimitChange {
  readonly label: string;
  readonly from: number;
  readonly to: number;
}

export interface ReadLimits {
  /** Empty: nothing is changed. */
  readonly changes: readonly LimitChange[];
  /** Field → what is wrong with it. */
  readonly wrong: ReadonlyMap<LimitField, string>;
  /** As the API takes it; whole buckets. */
  readonly body: Partial<ChatLimits>;
}

type Numbers = Readonly<Record<LimitField, number>>;

const numbersOf = ({ platform, channel, person, shownPerS }: ChatLimits): Numbers => ({
  'platform.perS': platform.perS,
  'platform.burst': platform.burst,
  'channel.perS': channel.perS,
  'channel.burst': channel.burst,
  'person.perS': person.perS,
  'person.burst': person.burst,
  shownPerS,
});

export const typedOf = (limits: ChatLimits): TypedLimits => {
  const numbers = numbersOf(limits);
  return Object.fromEntries(limitFields.map(({ name }) => [name, String(numbers[name])])) as TypedLimits;
};

export function readLimits(typed: TypedLimits, before: ChatLimits): ReadLimits {
  const was = numbersOf(before);
  const is: Record<LimitField, number> = { ...was };
  const wrong = new Map<LimitField, string>();
  for (const { name, min, max } of limitFields) {
    const text = typed[name].trim();
    const value = Number(text);
    if (text === '' || !Number.isFinite(value)) wrong.set(name, 'Must be a number.');
    else if (value < min || value > max) wrong.set(name, `Must be from ${rate(min)} to ${rate(max)}.`);
    else is[name] = value;
  }
  const isChanged = (name: LimitField): boolean => is[name] !== was[name];
  const bucket = (name: 'platform' | 'channel' | 'person'): Partial<ChatLimits> =>
    isChanged(`${name}.perS`) || isChanged(`${name}.burst`)
      ? { [name]: { perS: is[`${name}.perS`], burst: is[`${name}.burst`] } }
      : {};
  return {
    changes: limitFields
      .filter(({ name }) => isChanged(name))
      .map(({ name, label }) => ({ label, from: was[name], to: is[name] })),
    wrong,
    body: {
      ...bucket('platform'),
      ...bucket('channel'),
      ...bucket('person'),
      ...(isChanged('shownPerS') ? { shownPerS: is.shownPerS } : {}),
    },
  };
}
