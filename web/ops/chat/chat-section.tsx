import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { ChatOps, RoomView } from '../../../core/api/chat.ts';
import { platformPosts } from '../../../core/chat/alarms.ts';
import { Figure, percentOf } from '../figures.tsx';
import { clock, percent } from '../words.ts';
import type { ChatStore } from './chat-store.ts';
import { count, figuresOf, fillOf, nearShare, rate } from './chat-words.ts';
import { LimitsDialog } from './limits-dialog.tsx';
import { ShardCard } from './shard-card.tsx';
import { ShardDialog, type ShardWish } from './shard-dialog.tsx';
import { SwitchDialog } from './switch-dialog.tsx';

type Asked =
  | { readonly what: 'switch'; readonly isOff: boolean }
  | { readonly what: 'limits' }
  | { readonly what: ShardWish; readonly shard: string };

/** The chat of the whole platform: whether people can talk, how near its limits it is, and where. */
export function ChatSection({ store }: { readonly store: ChatStore }) {
  const id = useId();
  const asked = useSignal<Asked | undefined>(undefined);
  const view = store.view.value;
  const trouble = store.trouble.value;
  if (view === undefined)
    return trouble === undefined ? null : (
      <section class="chat-ops" aria-labelledby={id}>
        <h2 id={id}>Chat</h2>
        <p class="notice notice-warn">The chat can’t be shown: {trouble}</p>
      </section>
    );
  const at = view.at ?? store.heardAt.value;
  const isOff = view.off === true;
  return (
    <section class="chat-ops" aria-labelledby={id}>
      <div class="chat-head">
        <h2 id={id}>Chat</h2>
        <span class={`chip ${isOff ? 'chip-lost' : 'chip-serving'}`} data-chat={isOff ? 'off' : 'on'}>
          {isOff ? 'off everywhere' : 'on'}
        </span>
        <p class="chat-said" role="status">
          {store.said.value === '' ? null : store.said.value}
        </p>
        <div class="chat-actions">
          <button type="button" class="button" onClick={() => (asked.value = { what: 'limits' })}>
            Change limits …
          </button>
          <button
            type="button"
            class={isOff ? 'button primary' : 'button danger-quiet'}
            onClick={() => (asked.value = { what: 'switch', isOff })}
          >
            {isOff ? 'Switch chat on …' : 'Switch chat off …'}
          </button>
        </div>
      </div>
      {trouble !== undefined && (
        <p class="notice notice-warn" data-chat-old>
          The chat is as it was at {clock(store.heardAt.value)}: {trouble}
        </p>
      )}
      <div class="chat-body">
        <Posts view={view} at={at} />
        <ul class="shards" aria-label="Chat shards">
          {view.shards.length === 0 && <li class="muted">There are no shards.</li>}
          {view.shards.map((shard) => (
            <ShardCard
              key={shard.shard}
              shard={shard}
              at={at}
              wish={(what, name) => (asked.value = { what, shard: name })}
            />
          ))}
        </ul>
        {view.rooms !== undefined && <Rooms rooms={view.rooms} />}
      </div>
      <Dialogs asked={asked.value} view={view} store={store} close={() => (asked.value = undefined)} />
    </section>
  );
}

const Dialogs = (props: {
  readonly asked: Asked | undefined;
  readonly view: ChatOps;
  readonly store: ChatStore;
  readonly close: () => void;
}) => {
  const { asked, view, store, close } = props;
  if (asked === undefined) return null;
  if (asked.what === 'limits')
    return <LimitsDialog limits={view.limits} change={store.changeLimits} close={close} />;
  if (asked.what === 'switch')
    return <SwitchDialog isOff={asked.isOff} switchOff={store.switchOff} close={close} />;
  const shard = view.shards.find((each) => each.shard === asked.shard);
  if (shard === undefined) return null;
  const others = view.shards.filter((each) => each !== shard);
  return <ShardDialog wish={asked.what} shard={shard} others={others} store={store} close={close} />;
};

/** What is asked for against what is let through, and how many are connected. */
const Posts = ({ view, at }: { readonly view: ChatOps; readonly at: number }) => {
  const { limits, shards } = view;
  const { askedPerS, refusedPerS } = platformPosts(shards);
  const allowed = limits.platform.perS;
  const share = askedPerS / allowed;
  const sockets = shards.reduce((sum, shard) => sum + shard.sockets, 0);
  const capacity = shards.reduce((sum, shard) => sum + (figuresOf(shard, at).capacity ?? 0), 0);
  return (
    <dl class="chat-figures" aria-label="The chat in figures">
      <Figure
        name="Posts a second"
        tone={refusedPerS > 0 ? 'bad' : share >= nearShare ? 'warn' : undefined}
        value={
          <>
            {count(askedPerS)} <small>asked, {rate(allowed)} allowed</small>
          </>
        }
        note={
          <>
            <span class="bar" aria-hidden="true">
              <span class={fillOf(share)} style={{ width: percentOf(askedPerS, allowed) }} />
            </span>
            <span>
              {percent(share)} of the platform limit
              {refusedPerS > 0 ? `, ${count(refusedPerS)} a second refused` : ', none refused'}
            </span>
          </>
        }
      />
      <Figure
        name="Sockets"
        value={count(sockets)}
        note={
          capacity === 0 ? 'nobody serves' : `${percent(sockets / capacity)} of ${count(capacity)} places`
        }
      />
      <Figure
        name="Limits in force"
        value={
          <ul class="limit-list">
            <li>
              {rate(limits.person.perS)}/s <small>a person, {rate(limits.person.burst)} at once</small>
            </li>
            <li>
              {rate(limits.channel.perS)}/s <small>a broadcast, {rate(limits.channel.burst)} at once</small>
            </li>
            <li>
              {rate(allowed)}/s <small>the platform, {rate(limits.platform.burst)} at once</small>
            </li>
            <li>
              {rate(limits.shownPerS)}/s <small>shown on a screen</small>
            </li>
          </ul>
        }
      />
    </dl>
  );
};

const Rooms = ({ rooms }: { readonly rooms: readonly RoomView[] }) => {
  const most = Math.max(1, ...rooms.map(({ viewers }) => viewers));
  return (
    <div class="rooms">
      <table>
        <caption>Most viewers</caption>
        <colgroup>
          <col />
          <col class="room-shard" />
          <col class="room-viewers" />
        </colgroup>
        <thead class="hidden-label">
          <tr>
            <th scope="col">Broadcast</th>
            <th scope="col">Shard</th>
            <th scope="col">Viewers</th>
          </tr>
        </thead>
        <tbody>
          {rooms.map(({ broadcastId, channelName, title, shard, viewers }) => (
            <tr key={broadcastId}>
              <td>
                <span class="room-name">
                  <a href={`/watch/${broadcastId}`}>{channelName}</a> {title}
                </span>
                <span class="bar" aria-hidden="true">
                  <span style={{ width: percentOf(viewers, most) }} />
                </span>
              </td>
              <td>{shard}</td>
              <td>{count(viewers)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rooms.length === 0 && <p class="muted">Nobody watches anything with a chat.</p>}
    </div>
  );
};
