import type { PublicConfig } from '../../core/api/types.ts';
import { Dialog } from '../design/dialog.tsx';
import { Takeaway } from './fields.tsx';

/** What to type into the encoder; without a domain it is the address of a host, which there may be none of just now. */
export const serverOf = ({ rtmpUrl }: PublicConfig): string =>
  rtmpUrl ?? 'No ingest server is ready: look again in a minute';

/** The only time the key is seen: it closes by its own button, not by a stray click. */
export const KeyDialog = (props: {
  readonly streamKey: string | undefined;
  readonly server: string;
  readonly close: () => void;
}) => (
  <Dialog open={props.streamKey !== undefined} title="Your stream key" close={props.close} firm>
    <p>
      This is the only time it is shown. Put it into your encoder now. Whoever has it can broadcast on your
      channel, so keep it to yourself.
    </p>
    <Takeaway label="Server" value={props.server} />
    <Takeaway label="Stream key" value={props.streamKey ?? ''} covered />
    <ObsSteps />
    <div class="dialog-actions">
      <button type="button" class="button primary" onClick={props.close}>
        I have saved it
      </button>
    </div>
  </Dialog>
);

export const ObsSteps = () => (
  <details class="steps" open>
    <summary>In OBS Studio</summary>
    <ol>
      <li>
        Settings → Stream → Service: <b>Custom…</b>, then paste server and stream key.
      </li>
      <li>
        Settings → Output → Output Mode: Advanced → Streaming: rate control <b>CBR</b>, key-frame interval{' '}
        <b>2 s</b>, encoder H.264, audio AAC.
      </li>
      <li>
        Close the settings and press <b>Start Streaming</b>. The state appears here within seconds.
      </li>
    </ol>
  </details>
);
