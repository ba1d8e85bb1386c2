import type { ComponentChildren } from 'preact';
import type { FleetView } from '../../core/api/ops.ts';
import { ImageMark } from './image-mark.tsx';
import { imageWords, percent, rolloutWords, room, span } from './words.ts';

export const Figure = (props: {
  readonly name: string;
  readonly value: ComponentChildren;
  readonly note?: ComponentChildren;
  readonly tone?: 'bad' | 'warn' | undefined;
  readonly wide?: boolean;
  readonly unit?: string;
}) => (
  <div
    class={`figure ${props.wide === true ? 'figure-wide' : ''} ${props.tone === undefined ? '' : `figure-${props.tone}`}`}
    data-figure={props.name}
  >
    <dt>
      {props.name}
      {props.unit !== undefined && <small> in {props.unit}</small>}
    </dt>
    <dd>
      <b>{props.value}</b>
      {props.note !== undefined && <span class="figure-note">{props.note}</span>}
    </dd>
  </div>
);

/** What somebody wants to know at one look. */
export function Figures({ fleet }: { readonly fleet: FleetView }) {
  const { figures, limitedBy, front, rollout } = fleet;
  const isShort = figures.freePoints < figures.minimumPoints;
  const isLow = figures.freePoints < figures.wantedPoints;
  return (
    <dl class="figures" aria-label="The fleet in figures">
      <Figure
        name="Broadcasts"
        value={figures.broadcasts}
        {...(figures.forecastArrivals >= 0.5
          ? { note: `${Math.round(figures.forecastArrivals)} more soon` }
          : {})}
      />
      <Figure
        name="Free room"
        unit="typical broadcasts"
        wide
        tone={isShort ? 'bad' : isLow ? 'warn' : undefined}
        value={
          <>
            {room(figures.freePoints)} <small>of {room(figures.wantedPoints)} wanted</small>
          </>
        }
        note={
          <>
            <RoomBar {...figures} />
            <span>
              {isShort ? 'Below the minimum of' : isLow ? 'Less than wanted, minimum' : 'Enough, minimum'}{' '}
              {room(figures.minimumPoints)}
            </span>
            {limitedBy.length > 0 && (
              <span>
                Limited by{' '}
                {limitedBy.map((limit, index) => (
                  <span key={limit}>
                    {index > 0 && ', '}
                    <strong class="limit">{limit}</strong>
                  </span>
                ))}
              </span>
            )}
          </>
        }
      />
      <Figure name="Hosts" value={figures.hosts} />
      <Figure name="Serving" value={figures.serving} />
      <Figure name="Draining" value={figures.draining} />
      <Figure name="Lost" value={figures.lost} {...(figures.lost > 0 ? { tone: 'bad' } : {})} />
      <Figure name="Front set" value={front.length} note={front.length === 1 ? 'address' : 'addresses'} />
      <Figure name="Longest drain" value={figures.longestDrainMs > 0 ? span(figures.longestDrainMs) : '–'} />
      <Figure
        name="Rollout"
        wide
        tone={rollout.state === 'halted' ? 'bad' : undefined}
        value={
          <span class={`rollout rollout-${rollout.state}`}>
            {rolloutWords[rollout.state]}{' '}
            <small>
              {rollout.done} of {rollout.of} tasks
            </small>
          </span>
        }
        note={
          <>
            <span class="bar rollout-bar" aria-hidden="true">
              <span style={{ width: percentOf(rollout.done, rollout.of) }} />
            </span>
            <Images fleet={fleet} />
          </>
        }
      />
    </dl>
  );
}

/** For the width of a bar. */
export const percentOf = (part: number, whole: number): string =>
  `${whole === 0 ? 100 : Math.min(100, Math.round((part / whole) * 1000) / 10)}%`;

/** Free room against what is wanted, with the minimum as a mark. */
const RoomBar = (props: FleetView['figures']) => {
  const scale = Math.max(props.freePoints, props.wantedPoints, 1);
  return (
    <span class="bar room-bar" aria-hidden="true">
      <span style={{ width: percentOf(props.freePoints, scale) }} />
      <i class="mark-minimum" style={{ left: percentOf(props.minimumPoints, scale) }} />
      <i class="mark-wanted" style={{ left: percentOf(props.wantedPoints, scale) }} />
    </span>
  );
};

const Images = ({ fleet: { images } }: { readonly fleet: FleetView }) => (
  <ul class="images">
    {images.map(({ digest, state, tasks }) => (
      <li key={digest} class={`image-${state}`}>
        <ImageMark digest={digest} />
        <span>
          {imageWords[state]}, {tasks} {tasks === 1 ? 'task' : 'tasks'}
        </span>
      </li>
    ))}
  </ul>
);

/** CPU with the band that room is planned to. */
export const CpuBar = (props: {
  readonly cpu: number;
  readonly band: { readonly low: number; readonly high: number };
}) => (
  <span class="bar cpu-bar" aria-hidden="true">
    <i
      class="cpu-band"
      style={{ left: percentOf(props.band.low, 1), width: percentOf(props.band.high - props.band.low, 1) }}
    />
    <span class={props.cpu > props.band.high ? 'cpu-over' : ''} style={{ width: percentOf(props.cpu, 1) }} />
  </span>
);

export const cpuWords = (cpu: number, band: { readonly low: number; readonly high: number }): string =>
  `${percent(cpu)}${cpu > band.high ? ', above the band' : cpu >= band.low ? ', in the band' : ''}`;

/** When the API says nothing of it (core/fleet/policy.ts). */
export const usualBand = { low: 0.5, high: 0.7 };
