import { useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import type { OwnChannel, PublicConfig, StudioView } from '../../core/api/types.ts';
import { wordsOf, type Api } from '../api/client.ts';
import type { ChatApi } from '../api/chat.ts';
import { refresh } from '../api/refresh.ts';
import { Dialog } from '../design/dialog.tsx';
import { watching } from '../words/count.ts';
import { day } from '../words/time.ts';
import { Saved, Takeaway } from './fields.tsx';
import { ChatPanel } from './chat-panel.tsx';
import { InputPanel } from './input-panel.tsx';
import { ObsSteps, serverOf } from './key-dialog.tsx';
import { Past } from './past.tsx';
import { Preview } from './preview.tsx';
import { createSaving } from './saving.ts';
import { Rename } from './rename.tsx';
import { ShowForm } from './show-form.tsx';

const pollMs = 2_000;

export function ChannelPage(props: {
  readonly api: Api;
  readonly chatApi: ChatApi;
  readonly config: PublicConfig;
  readonly channel: OwnChannel;
  readonly nowMs: () => number;
  readonly changed: (channel: OwnChannel) => void;
  readonly showKey: (streamKey: string) => void;
}) {
  const { api, channel, config } = props;
  const view = useSignal<StudioView>({ channel });
  const trouble = useSignal<string | undefined>(undefined);

  useEffect(
    () =>
      refresh({
        work: async () => {
          try {
            view.value = await api.studio(channel.channelId);
            trouble.value = undefined;
          } catch (error) {
            trouble.value = wordsOf(error);
          }
        },
        everyMs: pollMs,
        random: Math.random,
        page: document,
      }),
    [api, channel.channelId],
  );

  const { current } = view.value;
  const running =
    current !== undefined && current.broadcast.state !== 'ended' ? current.broadcast : undefined;
  return (
    <div class="channel-page" data-channel={channel.channelId}>
      <div role="status" aria-live="polite">
        {trouble.value !== undefined && <p class="notice notice-warn">{trouble.value}</p>}
      </div>
      <div class="columns">
        <div class="column">
          <InputPanel view={view.value} nowMs={props.nowMs()} />
          {running !== undefined && (
            <section class="panel" aria-label="The running show">
              <Preview api={api} broadcastId={running.broadcastId} />
              <p>
                <a href={`/watch/${encodeURIComponent(running.broadcastId)}`}>Watch and chat on its page</a>
                {running.viewers !== undefined && <span class="muted"> {watching(running.viewers)}</span>}
              </p>
              <ShowForm
                key={running.broadcastId}
                legend="The running show"
                saved={{ title: running.title, visibility: running.visibility }}
                save={(words) => api.changeBroadcast(running.broadcastId, words)}
              />
            </section>
          )}
          <section class="panel" aria-label="The next show">
            <ShowForm
              legend="The next show"
              saved={{ title: view.value.channel.title, visibility: view.value.channel.visibility }}
              save={async (words) => props.changed(await api.changeChannel(channel.channelId, words))}
            />
          </section>
          <ChatPanel api={props.chatApi} channelId={channel.channelId} />
          <section class="panel" aria-label="The channel">
            <Rename api={api} channel={channel} changed={props.changed} />
          </section>
        </div>
        <div class="column">
          <Connection api={api} config={config} channel={view.value.channel} showKey={props.showKey} />
          <Past api={api} channelId={channel.channelId} changed={running?.broadcastId ?? 'none'} />
        </div>
      </div>
    </div>
  );
}

function Connection(props: {
  readonly api: Api;
  readonly config: PublicConfig;
  readonly channel: OwnChannel;
  readonly showKey: (streamKey: string) => void;
}) {
  const asking = useSignal(false);
  const saving = useMemo(createSaving, []);
  const renew = async (): Promise<void> => {
    await saving.run(async () => {
      const { streamKey } = await props.api.renewKey(props.channel.channelId);
      // The question goes first: the focus comes back to where it was asked.
      asking.value = false;
      props.showKey(streamKey);
    });
    if (saving.state.value.at === 'saved') saving.reset();
  };
  return (
    <section class="panel" aria-labelledby="connection-title">
      <div class="panel-head">
        <h2 id="connection-title">Your encoder</h2>
      </div>
      <Takeaway label="Server" value={serverOf(props.config)} />
      <div class="key-line">
        <p>
          <b>Stream key</b>
          <br />
          <span class="muted">
            Made on {day(props.channel.keyCreatedAt)}. It was shown once and can’t be shown again.
          </span>
        </p>
        <button type="button" class="button" onClick={() => (asking.value = true)}>
          Renew key
        </button>
      </div>
      <ObsSteps />
      <Dialog open={asking.value} title="Renew the stream key?" close={() => (asking.value = false)} firm>
        <p>
          The old key stops working at once: an encoder that still has it can’t connect again. A show that is
          running now goes on until its connection ends.
        </p>
        <div class="dialog-actions">
          <button type="button" class="button danger" onClick={() => void renew()}>
            Renew
          </button>
          <button type="button" class="button" autoFocus onClick={() => (asking.value = false)}>
            Keep the old one
          </button>
          {saving.state.value.at === 'failed' && <Saved state={saving.state.value} />}
        </div>
      </Dialog>
    </section>
  );
}
