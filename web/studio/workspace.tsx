import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { OwnChannel, PublicConfig } from '../../core/api/types.ts';
import { measureOffset } from '../api/clock.ts';
import type { ChatApi } from '../api/chat.ts';
import { wordsOf, type Api } from '../api/client.ts';
import { Dialog } from '../design/dialog.tsx';
import { Message } from '../design/frame.tsx';
import { Icon } from '../design/icons.tsx';
import { ChannelPage } from './channel.tsx';
import { CreateChannel } from './create-channel.tsx';
import { KeyDialog, serverOf } from './key-dialog.tsx';

const chosenInAddress = (): string | undefined => /^\/studio\/([0-9a-z]+)$/.exec(location.pathname)?.[1];

/** Everything of somebody who is signed in: their channels, one of them open. */
export function Workspace({ api, chatApi }: { readonly api: Api; readonly chatApi: ChatApi }) {
  const channels = useSignal<readonly OwnChannel[] | undefined>(undefined);
  const config = useSignal<PublicConfig | undefined>(undefined);
  const chosen = useSignal(chosenInAddress());
  const trouble = useSignal<string | undefined>(undefined);
  const making = useSignal(false);
  const streamKey = useSignal<string | undefined>(undefined);
  const nowMs = useSignal(Date.now());
  const offsetMs = useSignal(0);

  const load = async (): Promise<void> => {
    try {
      const [mine, publicConfig] = await Promise.all([api.ownChannels(), api.config()]);
      channels.value = mine.channels;
      config.value = publicConfig;
      trouble.value = undefined;
    } catch (error) {
      trouble.value = wordsOf(error);
    }
  };
  useEffect(() => {
    void load();
    void measureOffset(api, Date).then((measured) => (offsetMs.value = measured));
    const ticker = setInterval(() => (nowMs.value = Date.now()), 1_000);
    return () => clearInterval(ticker);
  }, [api]);

  const choose = (channelId: string): void => {
    chosen.value = channelId;
    history.replaceState(null, '', `/studio/${channelId}`);
  };
  const created = (channel: OwnChannel, key: string): void => {
    channels.value = [...(channels.value ?? []), channel];
    making.value = false;
    streamKey.value = key;
    choose(channel.channelId);
  };

  const mine = channels.value;
  if (mine === undefined || config.value === undefined)
    return trouble.value === undefined ? (
      <p class="muted" role="status">
        Loading your channels …
      </p>
    ) : (
      <Message title="The studio can’t be opened" text={trouble.value}>
        <button type="button" class="button primary" onClick={() => void load()}>
          Try again
        </button>
      </Message>
    );

  const open = mine.find(({ channelId }) => channelId === chosen.value) ?? mine[0];
  return (
    <>
      <div class="studio-head">
        <h1>{open?.name ?? 'Make your channel'}</h1>
        {mine.length > 0 && (
          <div class="channel-tabs">
            {mine.length > 1 && (
              <nav aria-label="Your channels">
                {mine.map((channel) => (
                  <button
                    type="button"
                    key={channel.channelId}
                    class="tab"
                    aria-current={channel === open ? 'true' : undefined}
                    onClick={() => choose(channel.channelId)}
                  >
                    {channel.name}
                  </button>
                ))}
              </nav>
            )}
            <button type="button" class="button" onClick={() => (making.value = true)}>
              <Icon name="plus" />
              New channel
            </button>
          </div>
        )}
      </div>
      {open === undefined ? (
        <section class="panel panel-narrow">
          <p>A channel is your permanent place: it has your name, your stream key and all your shows.</p>
          <CreateChannel api={api} created={created} />
        </section>
      ) : (
        <ChannelPage
          key={open.channelId}
          api={api}
          chatApi={chatApi}
          config={config.value}
          channel={open}
          nowMs={() => nowMs.value + offsetMs.value}
          changed={(next) => {
            channels.value = mine.map((each) => (each.channelId === next.channelId ? next : each));
          }}
          showKey={(key) => (streamKey.value = key)}
        />
      )}
      <Dialog open={making.value} title="New channel" close={() => (making.value = false)} firm>
        <CreateChannel api={api} created={created} cancel={() => (making.value = false)} />
      </Dialog>
      <KeyDialog
        streamKey={streamKey.value}
        server={serverOf(config.value)}
        close={() => (streamKey.value = undefined)}
      />
    </>
  );
}
