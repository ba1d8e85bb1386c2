/** The decision log as far as it has been loaded. */
import { signal, type ReadonlySignal } from '@preact/signals';
import type { DecisionPage } from '../../core/api/ops.ts';
import type { LoggedDecision } from '../../core/fleet/ports.ts';
import { wordsOf } from '../api/ask.ts';
import type { OpsApi } from './ops-api.ts';

export interface LogPart {
  readonly lines: readonly LoggedDecision[];
  readonly before: string | undefined;
}

export const lineKey = ({ at, n }: LoggedDecision): string => `${at}.${n}`;

/** A screen that is left alone for days must not grow: beyond this only the newest page stays. */
const maxLines = 600;

const partOf = ({ decisions, before }: DecisionPage): LogPart => ({ lines: decisions, before });

/**
 * Puts the newest page before what is there. Where they do not meet, lines between them are missing, so the
 * newest page stands alone and older ones can be loaded again.
 */
export function withNewest(shown: LogPart, newest: DecisionPage): LogPart {
  const known = new Set(shown.lines.map(lineKey));
  const added = newest.decisions.filter((line) => !known.has(lineKey(line)));
  if (added.length === 0 && known.size > 0) return shown;
  const meet = added.length < newest.decisions.length;
  if (!meet || added.length + shown.lines.length > maxLines) return partOf(newest);
  return { lines: [...added, ...shown.lines], before: shown.before };
}

export interface LogStore {
  readonly part: ReadonlySignal<LogPart | undefined>;
  /** A task, a host or a slot that the lines are about. */
  readonly subject: ReadonlySignal<string | undefined>;
  readonly loading: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<string | undefined>;
  readonly about: (subject: string | undefined) => void;
  /** Asks for the newest lines. */
  readonly renew: () => Promise<void>;
  readonly older: () => Promise<void>;
}

export function createLogStore(api: Pick<OpsApi, 'decisions'>): LogStore {
  const part = signal<LogPart | undefined>(undefined);
  const subject = signal<string | undefined>(undefined);
  const loading = signal(false);
  const trouble = signal<string | undefined>(undefined);
  /** Rises with the subject: an answer about another one comes too late. */
  let turn = 0;

  const ask = async (before: string | undefined, take: (page: DecisionPage) => LogPart): Promise<void> => {
    const asked = turn;
    try {
      const page = await api.decisions({ subject: subject.value, before });
      if (asked !== turn) return;
      part.value = take(page);
      trouble.value = undefined;
    } catch (error) {
      if (asked === turn) trouble.value = wordsOf(error);
    }
  };
  const renew = (): Promise<void> =>
    ask(undefined, (page) => (part.value === undefined ? partOf(page) : withNewest(part.value, page)));

  return {
    part,
    subject,
    loading,
    trouble,
    renew,
    about: (next) => {
      if (next === subject.value) return;
      turn += 1;
      subject.value = next;
      part.value = undefined;
      loading.value = false;
      void renew();
    },
    older: async () => {
      const before = part.value?.before;
      if (before === undefined || loading.value) return;
      loading.value = true;
      const asked = turn;
      await ask(before, (page) => ({
        lines: [...(part.value?.lines ?? []), ...page.decisions],
        before: page.before,
      }));
      if (asked === turn) loading.value = false;
    },
  };
}
