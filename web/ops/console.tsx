import { effect, signal, useComputed } from '@preact/signals';
import { useCallback, useEffect } from 'preact/hooks';
import type { HostView } from '../../core/api/ops.ts';
import type { Subject } from '../../core/fleet/decision.ts';
import { Message } from '../design/frame.tsx';
import type { Door } from '../session/door.tsx';
import { Alarms } from './alarms.tsx';
import { arrangements, keyOf } from './arrange.ts';
import { ChatSection } from './chat/chat-section.tsx';
import type { ChatStore } from './chat/chat-store.ts';
import { Figures } from './figures.tsx';
import { HostPanel } from './host-panel.tsx';
import { Hosts, type Look } from './hosts.tsx';
import { Log } from './log.tsx';
import { Pulse } from './pulse.tsx';
import { ofChat, ofFleet } from './shown-alarms.ts';
import type { Store } from './store.ts';

const query = new URLSearchParams(location.search);
/** Stands in the address, so that a wall screen comes back as it was. */
const look = signal<Look>({
  by: arrangements.find((each) => each === query.get('by')) ?? 'state',
  isDense: query.get('as') === 'cells' ? true : query.get('as') === 'cards' ? false : undefined,
});
effect(() => {
  const { by, isDense } = look.value;
  const next = new URLSearchParams();
  if (by !== 'state') next.set('by', by);
  if (isDense !== undefined) next.set('as', isDense ? 'cells' : 'cards');
  const text = next.toString();
  history.replaceState(null, '', `${location.pathname}${text === '' ? '' : `?${text}`}`);
});

interface ConsoleProps {
  readonly store: Store;
  readonly chat: ChatStore;
  readonly door: Door;
}

export function Console({ store, chat, door }: ConsoleProps) {
  useEffect(() => store.start(), [store]);
  useEffect(() => chat.start(), [chat]);
  const fleet = store.fleet.value;
  const hindrance = store.hindrance.value;
  const pickedKey = store.pickedKey.value;

  const alarmCount = countAlarms(store, chat);
  const isSilent = useComputed(() => store.silentSince.value !== undefined).value;
  useEffect(() => {
    const mark = isSilent ? '⚠ ' : alarmCount > 0 ? `(${alarmCount}) ` : '';
    document.title = `${mark}Operations · Tidecast`;
  }, [alarmCount, isSilent]);

  const pick = useCallback(
    (host: HostView) => store.pick(store.pickedKey.value === keyOf(host) ? undefined : host),
    [store],
  );
  const pickSubject = (subject: Subject): void => {
    const host = fleet?.hosts.find(
      ({ hostId, slot, task }) =>
        (subject.taskId !== undefined && task?.taskId === subject.taskId) ||
        (subject.taskId === undefined && (hostId === subject.hostId || slot === subject.slot)),
    );
    if (host !== undefined) store.pick(host);
    else store.log.about(subject.taskId ?? subject.hostId ?? subject.slot);
  };
  const alarms = [
    ...(fleet?.alarms ?? []).map((alarm) => ofFleet(alarm, pickSubject)),
    ...chat.alarms.value.map((alarm) => ofChat(alarm, showShard)),
  ];
  const close = (): void => {
    const key = store.pickedKey.value;
    store.pick(undefined);
    // The focus goes back to the card; it has no other way to be found than by its host.
    const hostId = key?.split('/')[0] ?? '';
    document.querySelector<HTMLElement>(`[data-host="${CSS.escape(hostId)}"]`)?.focus();
  };

  if (hindrance?.kind === 'forbidden')
    return (
      <Message title="This page is for operators" text={hindrance.text}>
        <button type="button" class="button" onClick={door.leave}>
          Sign in as somebody else
        </button>
      </Message>
    );
  // The chat needs no scheduler: it is there also before the first pass, and when there is none.
  if (fleet === undefined)
    return (
      <div class="ops">
        <Nothing store={store} />
        <Alarms alarms={alarms} errors={[]} />
        <ChatSection store={chat} />
      </div>
    );
  const picked = store.picked.value;
  return (
    <div class="ops">
      <div class="ops-head">
        <h1>Operations</h1>
        <Pulse store={store} />
      </div>
      <News store={store} chat={chat} />
      <Alarms alarms={alarms} errors={fleet.errors} />
      <Figures fleet={fleet} />
      <ChatSection store={chat} />
      <div class="ops-body">
        <Hosts fleet={fleet} look={look} pickedKey={pickedKey} pick={pick} />
        <aside class="side" aria-label="Details and decisions">
          {picked !== undefined && (
            <HostPanel
              host={picked}
              fleet={fleet}
              now={store.nowMs}
              wished={picked.task && store.wished.value.get(picked.task.taskId)}
              wish={store.wish}
              close={close}
            />
          )}
          {picked === undefined && pickedKey !== undefined && (
            <section class="panel">
              <p>The host that you had picked has left the fleet.</p>
              <button type="button" class="button" onClick={close}>
                Close
              </button>
            </section>
          )}
          <Log
            log={store.log}
            nowMs={fleet.at}
            about={(subject) => {
              if (subject === undefined) store.pickedKey.value = undefined;
              store.log.about(subject);
            }}
          />
        </aside>
      </div>
    </div>
  );
}

const countAlarms = (store: Store, chat: ChatStore): number =>
  (store.fleet.value?.alarms.length ?? 0) + chat.alarms.value.length;

const showShard = (shard: string): void => {
  const card = document.querySelector<HTMLElement>(`[data-shard="${CSS.escape(shard)}"]`);
  card?.scrollIntoView({ block: 'center' });
  card?.focus();
};

/** Before the first view. */
const Nothing = ({ store }: { readonly store: Store }) => {
  const outage = store.outage.value;
  if (store.hindrance.value?.kind === 'signed-out')
    return <Message title="Operations" text="Your sign-in has expired: sign in again to see the fleet." />;
  return outage === undefined ? (
    <>
      <h1>Operations</h1>
      <p class="muted" role="status">
        Asking for the fleet …
      </p>
    </>
  ) : (
    <Message title={outage.fromApi ? 'Nothing to show yet' : 'The fleet can’t be shown'} text={outage.text}>
      <Pulse store={store} />
      <button type="button" class="button primary" onClick={store.tryNow}>
        Try now
      </button>
    </Message>
  );
};

/**
 * What a screen reader says by itself: only when something begins or ends, never figures that tick. Its words
 * stay the same while nothing changes.
 */
const News = ({ store, chat }: Pick<ConsoleProps, 'store' | 'chat'>) => {
  const text = useComputed(() => {
    const alarms = countAlarms(store, chat);
    return [
      ...(store.silentSince.value === undefined ? [] : ['The scheduler is silent.']),
      ...(store.outage.value === undefined ? [] : ['The API does not answer; what is shown is old.']),
      alarms === 0 ? 'No alarms.' : `${alarms} ${alarms === 1 ? 'alarm' : 'alarms'}.`,
    ].join(' ');
  });
  return (
    <p class="hidden-label" role="status">
      {text}
    </p>
  );
};
