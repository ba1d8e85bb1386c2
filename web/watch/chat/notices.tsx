import { useSignal, type ReadonlySignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Chat } from './chat.ts';
import { left, sampledWords, statusNotice } from './words.ts';

/** What the chat has to say about itself, above its lines. */
export function Notices(props: {
  readonly chat: Chat;
  readonly isLive: boolean;
  readonly news: ReadonlySignal<{ readonly text: string; readonly isTrouble: boolean } | undefined>;
  readonly stopwatch: { now(): number };
}) {
  const { chat, stopwatch } = props;
  const nowMs = useSignal(stopwatch.now());
  const status = chat.status.value;
  const notice = props.isLive ? statusNotice(status) : undefined;
  const untilMs = notice?.untilMs;
  useEffect(() => {
    nowMs.value = stopwatch.now();
    if (untilMs === undefined) return undefined;
    const timer = setInterval(() => (nowMs.value = stopwatch.now()), 500);
    return () => clearInterval(timer);
  }, [untilMs]);
  const sampled = props.isLive ? chat.sampled.value : undefined;
  const news = props.news.value;
  return (
    <div class="chat-notices">
      <div role="status">
        {notice !== undefined && (
          <p class={`chat-notice chat-notice-${notice.tone}`}>
            {notice.text}
            {untilMs !== undefined && <span aria-hidden="true"> {left(untilMs - nowMs.value)}</span>}
          </p>
        )}
        {news !== undefined && (
          <p class={`chat-notice chat-notice-${news.isTrouble ? 'warn' : 'done'}`}>{news.text}</p>
        )}
      </div>
      {/* Its figures change with every batch: nothing to be read out. */}
      {sampled !== undefined && <p class="chat-notice chat-notice-quiet">{sampledWords(sampled)}</p>}
    </div>
  );
}
