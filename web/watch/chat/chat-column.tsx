import { useComputed, useSignal, type Signal } from '@preact/signals';
import { lazyPart } from '../../design/lazy-part.tsx';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { isStaff, type ChatMessage } from '../../../core/chat/message.ts';
import { defaultSettings } from '../../../core/chat/mode.ts';
import type { ChatApi } from '../../api/chat.ts';
import { Dialog } from '../../design/dialog.tsx';
import { Icon } from '../../design/icons.tsx';
import { watching } from '../../words/count.ts';
import type { Aloud } from './announce.ts';
import { Announcer } from './announcer.tsx';
import type { Chat } from './chat.ts';
import { Composer } from './composer.tsx';
import { composerState, type ComposerAction } from './composer-state.ts';
import { menuItems, type Act } from './menu-items.ts';
import { MessageList } from './message-list.tsx';
import { MessageMenu } from './message-menu.tsx';
import { MessageRow, parsedOf, UnsentRow } from './message-row.tsx';
import { createModeration } from './moderate.ts';
import { Notices } from './notices.tsx';
import { Options } from './options.tsx';
import { shown } from './outbox.ts';
import type { Picture } from './picture.ts';
import { rowsOf, type Row } from './rows.ts';
import { modeWords } from './words.ts';

const SettingsDialog = lazyPart(() =>
  import('./settings/settings-dialog.tsx').then((part) => part.SettingsDialog),
);

export interface ChatColumnProps {
  readonly chat: Chat;
  readonly picture: Picture;
  readonly api: ChatApi;
  readonly channelId: string;
  /** What was said until the picture's moment; while it is not live. */
  readonly replayed: Signal<readonly ChatMessage[]>;
  readonly clock: { now(): number };
  readonly aloud: Signal<Aloud>;
  readonly signIn: () => void;
  readonly follow: () => Promise<void>;
  /** Absent where it can't be hidden. */
  readonly hide?: () => void;
}

export function ChatColumn(props: ChatColumnProps) {
  const { chat, picture, api, channelId, clock } = props;
  const menu = useSignal<{ readonly message: ChatMessage; readonly anchor: HTMLElement } | undefined>(
    undefined,
  );
  const banning = useSignal<ChatMessage | undefined>(undefined);
  const settings = useSignal(false);
  const fresh = useSignal(0);
  const called = useSignal(0);
  const nowMs = useSignal(clock.now());
  const held = useRef(false);
  const moderation = useMemo(() => createModeration(chat, api, channelId), [chat, api, channelId]);
  const you = chat.you.value;
  const view = picture.view.value;
  const isLive = view === 'live';

  useEffect(() => chat.hearNew((messages) => held.current && (fresh.value += messages.length)), [chat]);

  const state = composerState({
    status: chat.status.value,
    signedIn: chat.signedIn,
    you,
    mode: chat.mode.value,
    standing: chat.standing.value,
    followedSince: chat.followedSince.value,
    waitUntil: chat.waitUntil.value,
    view,
    ended: picture.ended.value,
    nowMs: nowMs.value,
  });
  // A clock ticks only where something is counted down.
  const ticks = state.untilMs !== undefined || chat.status.value.at === 'waiting';
  useEffect(() => {
    nowMs.value = clock.now();
    if (!ticks) return undefined;
    const timer = setInterval(() => (nowMs.value = clock.now()), 500);
    return () => clearInterval(timer);
  }, [ticks, chat.waitUntil.value, chat.standing.value, chat.followedSince.value]);

  const rows = useComputed(() =>
    picture.view.value === 'live'
      ? rowsOf({ ...chat.lines.value, unsent: shown(chat.outbox.value) })
      : rowsOf({ messages: props.replayed.value }),
  ).value;

  const itemsFor = (message: ChatMessage) => menuItems(you, message, isLive && state.canWrite);
  const open = (row: Row, anchor: HTMLElement): void => {
    if (row.kind === 'message' && itemsFor(row.message).length > 0)
      menu.value = { message: row.message, anchor };
  };
  const closeMenu = (): void => {
    const anchor = menu.value?.anchor;
    menu.value = undefined;
    anchor?.focus({ preventScroll: true });
  };
  const act = (what: Act): void => {
    const message = menu.value?.message;
    if (message === undefined) return;
    if (what.do === 'mention') {
      menu.value = undefined;
      const draft = chat.draft.value;
      chat.draft.value = `${draft}${draft === '' || draft.endsWith(' ') ? '' : ' '}@${message.by.name} `;
      called.value += 1;
      return;
    }
    closeMenu();
    if (what.do === 'ban') banning.value = message;
    else void moderation.run(what, message);
  };
  const composerAct = (action: ComposerAction): void => {
    if (action === 'sign-in') props.signIn();
    else if (action === 'follow') props.follow().catch(moderation.complain);
    else picture.goLive();
  };

  const draw = (row: Row) => {
    switch (row.kind) {
      case 'message':
        return (
          <MessageRow
            message={row.message}
            me={you?.name}
            hasMenu={you !== undefined && itemsFor(row.message).length > 0}
            openMenu={(element) => open(row, element)}
          />
        );
      case 'unsent':
        return (
          <UnsentRow
            unsent={row.unsent}
            name={you?.name ?? 'You'}
            personId={you?.id ?? ''}
            again={() => chat.again(row.unsent.key)}
            edit={() => {
              chat.edit(row.unsent.key);
              called.value += 1;
            }}
            discard={() => chat.discard(row.unsent.key)}
          />
        );
      case 'gap':
        return <span class="divider">Some messages were said here that you don’t have</span>;
      default:
        return <span class="divider">The chat begins here</span>;
    }
  };
  const classOf = (row: Row): string =>
    row.kind === 'message'
      ? `line-said ${parsedOf(row.message, you?.name).mentionsMe ? 'line-to-me' : ''}`
      : row.kind === 'unsent'
        ? `line-unsent line-${row.unsent.state}`
        : 'line-divider';

  const isStaffHere = you !== undefined && isStaff(you.role);
  const viewers = chat.viewers.value;
  const modes = isLive && !picture.ended.value ? modeWords(chat.mode.value) : [];
  return (
    <section class="chat" aria-label="Chat" data-chat={chat.status.value.at} data-own-keys data-view={view}>
      <header class="chat-head">
        <h2>Chat</h2>
        {viewers !== undefined && isLive && !picture.ended.value && (
          <span class="muted chat-count" title={`${viewers} watching`}>
            {watching(viewers)}
          </span>
        )}
        <span class="controls-space" />
        <Options aloud={props.aloud} settings={isStaffHere ? () => (settings.value = true) : undefined} />
        {props.hide !== undefined && (
          <button
            type="button"
            class="icon-button"
            aria-label="Hide chat"
            title="Hide chat"
            onClick={props.hide}
          >
            <Icon name="hide" />
          </button>
        )}
      </header>
      {modes.length > 0 && (
        <p class="chat-modes">
          {modes.map((words) => (
            <span class="tag" key={words}>
              {words}
            </span>
          ))}
        </p>
      )}
      <Notices
        chat={chat}
        isLive={isLive && !picture.ended.value}
        news={moderation.news}
        stopwatch={performance}
      />
      <MessageList
        key={view}
        rows={rows}
        label={isLive ? 'Chat messages' : 'Chat messages of this moment'}
        empty={
          isLive
            ? chat.status.value.at === 'live'
              ? 'Nobody has said anything yet. Be the first.'
              : ''
            : 'Nothing was said up to this moment.'
        }
        draw={draw}
        classOf={classOf}
        hold={(id) => {
          held.current = id !== undefined;
          fresh.value = 0;
          if (isLive) chat.hold(id);
        }}
        fresh={fresh.value}
        open={open}
      />
      <Composer
        draft={chat.draft}
        state={state}
        maxLength={chat.view.value?.maxLength ?? defaultSettings.maxLength}
        nowMs={nowMs.value}
        names={() => chat.lines.value.messages.map(({ by }) => by.name)}
        myName={you?.name}
        send={chat.send}
        act={composerAct}
        called={called}
      />
      <Announcer chat={chat} aloud={props.aloud} />
      {menu.value !== undefined && (
        <MessageMenu {...menu.value} items={itemsFor(menu.value.message)} act={act} close={closeMenu} />
      )}
      <BanDialog
        message={banning.value}
        close={() => (banning.value = undefined)}
        ban={(message) => {
          banning.value = undefined;
          void moderation.run({ do: 'ban' }, message);
        }}
      />
      {settings.value && (
        <SettingsDialog
          api={api}
          channelId={channelId}
          mayAppoint={you?.role === 'broadcaster' || you?.role === 'operator'}
          close={() => (settings.value = false)}
        />
      )}
    </section>
  );
}

const BanDialog = (props: {
  readonly message: ChatMessage | undefined;
  readonly ban: (message: ChatMessage) => void;
  readonly close: () => void;
}) => {
  const { message } = props;
  return (
    <Dialog
      open={message !== undefined}
      title={`Ban ${message?.by.name ?? ''}?`}
      close={props.close}
      ownActions
    >
      <p>They can read on, but never write in this channel’s chat again, until somebody lifts the ban.</p>
      <div class="dialog-actions">
        <button
          type="button"
          class="button danger"
          onClick={() => message !== undefined && props.ban(message)}
        >
          Ban
        </button>
        <button type="button" class="button" autoFocus onClick={props.close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
};
