import { Dialog } from '../design/dialog.tsx';
import { Takeaway } from './fields.tsx';

/** The only time the key is seen: it closes by its own button, not by a stray click. */
export const KeyDialog = (props: {
  readonly streamKey: string | undefined;
  readonly rtmpUrl: string;
  readonly close: () => void;
}) => (
  <Dialog open={props.streamKey !== undefined} title="Your stream key" close={props.close} firm>
    <p>
      This is the only time it is shown. Put it into your encoder now. Whoever has it can broadcast on your
      channel, so keep it to yourself.
    </p>
    <Takeaway label="Server" value={props.rtmpUrl} />
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
