import { graceWindowMs } from '../../core/broadcast/types.ts';
import type { StudioView } from '../../core/api/types.ts';
import { Icon } from '../design/icons.tsx';
import { clockTime } from '../words/time.ts';
import { factsOf, type KnownInput } from './input-facts.ts';

const stateWords = {
  live: 'Live',
  interrupted: 'Interrupted: waiting for your encoder',
  offline: 'Offline',
} as const;

const waitingWords = {
  live: 'Reading the stream …',
  interrupted: `Nothing arrives. Viewers are told that you are reconnecting. The show ends when your encoder is away for ${graceWindowMs / 1000} seconds.`,
  offline: 'Start streaming in your encoder: what arrives is shown here.',
} as const;

/** What arrives from the encoder, right now. */
export function InputPanel({ view, nowMs }: { readonly view: StudioView; readonly nowMs: number }) {
  const { current } = view;
  const state =
    current === undefined || current.broadcast.state === 'ended' ? 'offline' : current.broadcast.state;
  const input: KnownInput | undefined = current?.input;
  return (
    <section class="panel" aria-labelledby="input-title" data-studio-state={state}>
      <div class="panel-head">
        <h2 id="input-title">Incoming stream</h2>
        <p class={`state state-${state}`} role="status">
          <span class="dot" aria-hidden="true" />
          {stateWords[state]}
        </p>
        {current !== undefined && state !== 'offline' && (
          <span class="muted" aria-label="running time">
            {clockTime((nowMs - current.broadcast.startedAt) / 1000)}
          </span>
        )}
      </div>
      {state === 'offline' || input === undefined ? (
        <p class="muted">{waitingWords[state]}</p>
      ) : (
        <>
          <div role="status" aria-live="polite">
            {input.warnings?.map((warning) => (
              <p class="notice notice-warn" key={warning.code} data-warning={warning.code}>
                <Icon name="warn" />
                <span>{warning.text}</span>
              </p>
            ))}
          </div>
          <dl class="facts">
            {factsOf(input).map(({ name, value, bad }) => (
              <div key={name} class={bad === true ? 'fact-bad' : ''}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
          {(input.ffmpegRestarts ?? 0) > 0 && (
            <p class="muted">The transcoder was restarted {input.ffmpegRestarts} times in this session.</p>
          )}
        </>
      )}
    </section>
  );
}
