/**
 * The life of the player: what happened goes in, what to do comes out. No DOM, no clock, no network.
 * One owner: only `step` makes a new state.
 */
import type { Playback } from '../../core/api/types.ts';
import type { BroadcastState } from '../../core/broadcast/types.ts';

/** What the viewer sees. Paused is not a phase: a paused player is still `playing`, `loading` … */
export type Phase = 'loading' | 'playing' | 'interrupted' | 'ended' | 'error';
export type Mode = 'live' | 'timeshift' | 'recording';
export type SourceKind = 'live' | 'archive';
export type Trouble = 'not-found' | 'unreachable' | 'media' | 'denied' | 'no-recording';

/** Where playing begins: at the live edge, at the start, or at a time of the show (ms since 1970). */
export type From = 'edge' | 'start' | { readonly atMs: number };

/** `denied`: the edge wants other cookies than the viewer has. */
export type Failure = 'network' | 'media' | 'denied';

export interface Source {
  readonly kind: SourceKind;
  readonly url: string;
}

export interface PlayerState {
  readonly phase: Phase;
  readonly mode: Mode;
  /** What the engine has open. */
  readonly source: Source | undefined;
  /** The newest addresses. A broadcast that moved to another task has others (another slot). */
  readonly playback: Playback | undefined;
  readonly broadcast: BroadcastState | undefined;
  readonly session: number;
  /** The media has run dry or its requests fail. */
  readonly stalled: boolean;
  /** The engine has given up loading and does nothing more by itself; the buffer may still play. */
  readonly broken: boolean;
  /** Program date time of what is on the screen. */
  readonly atMs: number | undefined;
  readonly trouble: Trouble | undefined;
  readonly mediaFailure: Failures | undefined;
  /** The edge refused (401, 403) what the API had opened: the cookies have run out, or never came. */
  readonly denial: Failures | undefined;
}

/** When something last failed, and how often in a row. */
export interface Failures {
  readonly atMs: number;
  readonly count: number;
}

export type PlayerEvent =
  | { readonly type: 'playback'; readonly playback: Playback }
  | { readonly type: 'broadcast'; readonly state: BroadcastState; readonly session: number }
  | { readonly type: 'request-failed'; readonly why: 'not-found' | 'unreachable' }
  /** The picture moves. */
  | { readonly type: 'progress'; readonly atMs: number | undefined }
  /** Wants to play, but has had nothing to show for a while. */
  | { readonly type: 'stalled' }
  | { readonly type: 'failed'; readonly what: Failure; readonly nowMs: number }
  /** The last picture of the source has been shown. */
  | { readonly type: 'finished' }
  /** `inWindow`: the live window that is open still has that time. */
  | { readonly type: 'seek'; readonly atMs: number; readonly inWindow: boolean }
  | { readonly type: 'go-live' }
  | { readonly type: 'watch-recording'; readonly from: From }
  | { readonly type: 'retry' };

export type Command =
  | { readonly do: 'ask-playback' }
  | { readonly do: 'ask-broadcast' }
  | { readonly do: 'open'; readonly source: Source; readonly from: From }
  /** Load on with the same engine and address. */
  | { readonly do: 'resume' }
  | { readonly do: 'recover-media' }
  | { readonly do: 'seek'; readonly atMs: number }
  | { readonly do: 'seek-edge' }
  /** Load nothing more and show nothing. */
  | { readonly do: 'close' };

export interface Step {
  readonly state: PlayerState;
  readonly commands: readonly Command[];
}

export const initialState: PlayerState = {
  phase: 'loading',
  mode: 'live',
  source: undefined,
  playback: undefined,
  broadcast: undefined,
  session: 0,
  stalled: false,
  broken: false,
  atMs: undefined,
  trouble: undefined,
  mediaFailure: undefined,
  denial: undefined,
};

/** Media failures closer together than this are one trouble, answered more strongly each time. */
const mediaFailureWindowMs = 10_000;
/** Fresh cookies last for hours: refusals closer together than this are one that they don't help against. */
const denialWindowMs = 60_000;
/** So often cookies are renewed; a second time, because the first may have met an edge whose clock is behind. */
const maxRenewals = 2;

const oneMore = (last: Failures | undefined, nowMs: number, windowMs: number): Failures => ({
  atMs: nowMs,
  count: last !== undefined && nowMs - last.atMs < windowMs ? last.count + 1 : 1,
});

/** New cookies did not help: only the viewer's wish starts another attempt. */
export const isShutOut = ({ broken, denial }: PlayerState): boolean =>
  broken && denial !== undefined && denial.count > maxRenewals;

const stay = (state: PlayerState): Step => ({ state, commands: [] });
const then = (state: PlayerState, ...commands: readonly Command[]): Step => ({ state, commands });

function open(state: PlayerState, source: Source, from: From, mode: Mode): Step {
  return then(
    { ...state, source, mode, phase: 'loading', stalled: false, broken: false, trouble: undefined },
    { do: 'open', source, from },
  );
}

/** Where a source that has to be opened again goes on. */
const position = (state: PlayerState): From =>
  state.mode === 'live' ? 'edge' : state.atMs === undefined ? 'start' : { atMs: state.atMs };

/**
 * Opens the address if it is not open yet. A push (`resume`) drops what is being loaded, so it is given only
 * where nothing is coming, not to somebody whose network is slow.
 */
function continueWith(state: PlayerState, source: Source, push: boolean): Step {
  const same = state.source?.kind === source.kind && state.source.url === source.url;
  if (!same) return open(state, source, position(state), state.mode);
  return push ? then({ ...state, broken: false }, { do: 'resume' }) : stay(state);
}

function onEnded(state: PlayerState, archive: string | undefined, push: boolean): Step {
  // At the live edge the rest of the buffer is still to be shown; `finished` or `stalled` ends it.
  if (state.mode === 'live' && state.source !== undefined)
    return stay(state.stalled ? { ...state, phase: 'ended' } : state);
  if (archive === undefined) return stay({ ...state, phase: 'ended', trouble: 'no-recording' });
  // In the archive already: it will learn of the end by its own playlist and plays on.
  return continueWith({ ...state, mode: 'recording' }, { kind: 'archive', url: archive }, push);
}

function onPlayback(before: PlayerState, playback: Playback): Step {
  const state: PlayerState = {
    ...before,
    playback,
    broadcast: playback.state,
    session: playback.session,
    trouble: undefined,
    phase: before.phase === 'error' ? 'loading' : before.phase,
  };
  const push = state.broken || (state.stalled && playback.session > before.session);
  if (playback.state === 'ended') return onEnded(state, playback.archive, push);
  if (state.mode === 'timeshift' && playback.archive !== undefined && state.source?.kind === 'archive')
    return continueWith(state, { kind: 'archive', url: playback.archive }, push);
  if (playback.live === undefined)
    return stay({ ...state, phase: playback.state === 'interrupted' ? 'interrupted' : 'loading' });
  const moved = state.source?.kind === 'live' && state.source.url !== playback.live;
  if (state.mode === 'timeshift' && moved && playback.archive !== undefined)
    return open(state, { kind: 'archive', url: playback.archive }, position(state), 'timeshift');
  return continueWith(state, { kind: 'live', url: playback.live }, push);
}

function onBroadcast(before: PlayerState, broadcast: BroadcastState, session: number): Step {
  const returned = broadcast === 'live' && before.broadcast === 'interrupted';
  const news =
    session > before.session || returned || (broadcast === 'ended' && before.broadcast !== 'ended');
  const state: PlayerState = { ...before, broadcast };
  // The show runs, but not here: its address may have changed, with its visibility for example.
  const elsewhere = broadcast === 'live' && state.stalled;
  // A new session may be on another task: only fresh addresses say where.
  if (news || elsewhere) return then(state, { do: 'ask-playback' });
  if (state.mode === 'live' && broadcast === 'ended' && state.stalled)
    return stay({ ...state, phase: 'ended' });
  if (broadcast === 'interrupted' && (state.stalled || state.source === undefined))
    return stay({ ...state, phase: 'interrupted' });
  return stay(state);
}

function onStalled(before: PlayerState): Step {
  const state: PlayerState = { ...before, stalled: true };
  if (state.phase === 'ended' || state.phase === 'error') return stay(state);
  if (isShutOut(state)) return stay({ ...state, phase: 'error', trouble: 'denied' });
  if (state.mode === 'live' && state.broadcast === 'ended') return stay({ ...state, phase: 'ended' });
  if (state.mode !== 'recording' && state.broadcast === 'interrupted')
    return then({ ...state, phase: 'interrupted' }, { do: 'ask-broadcast' });
  // Only addresses lead to a push, without which an engine that has given up stays as it is.
  return then({ ...state, phase: 'loading' }, { do: state.broken ? 'ask-playback' : 'ask-broadcast' });
}

function onMediaFailed(before: PlayerState, nowMs: number): Step {
  const mediaFailure = oneMore(before.mediaFailure, nowMs, mediaFailureWindowMs);
  const { count } = mediaFailure;
  const state: PlayerState = { ...before, mediaFailure, stalled: true };
  if (count === 1) return then(state, { do: 'recover-media' });
  if (count === 2 && state.source !== undefined)
    return open(state, state.source, position(state), state.mode);
  return stay({ ...state, phase: 'error', trouble: 'media' });
}

/** Asking for the addresses again renews the cookies. What is buffered plays meanwhile. */
function onDenied(before: PlayerState, nowMs: number): Step {
  const denial = oneMore(before.denial, nowMs, denialWindowMs);
  const state: PlayerState = { ...before, denial, broken: true };
  if (!isShutOut(state)) return then(state, { do: 'ask-playback' });
  return stay(state.phase === 'playing' ? state : { ...state, phase: 'error', trouble: 'denied' });
}

function onSeek(state: PlayerState, atMs: number, inWindow: boolean): Step {
  const at = { ...state, atMs };
  const archive = state.playback?.archive;
  if (state.broadcast === 'ended' && state.mode === 'live' && archive !== undefined)
    return open(at, { kind: 'archive', url: archive }, { atMs }, 'recording');
  if (state.mode === 'recording' || state.source?.kind === 'archive')
    return then({ ...at, phase: 'loading', stalled: false }, { do: 'seek', atMs });
  if (inWindow) return then({ ...at, mode: 'timeshift' }, { do: 'seek', atMs });
  if (archive === undefined) return stay(state);
  return open(at, { kind: 'archive', url: archive }, { atMs }, 'timeshift');
}

function onGoLive(state: PlayerState): Step {
  if (state.mode === 'recording' || state.broadcast === 'ended') return stay(state);
  const live = state.playback?.live;
  if (live === undefined) return then({ ...state, mode: 'live' }, { do: 'ask-playback' });
  if (state.source?.kind === 'live' && state.source.url === live)
    return then({ ...state, mode: 'live' }, { do: 'seek-edge' });
  return open(state, { kind: 'live', url: live }, 'edge', 'live');
}

function onRequestFailed(state: PlayerState, why: 'not-found' | 'unreachable'): Step {
  // While the picture moves, an API that is away is no business of the viewer's.
  if (state.phase === 'playing' || state.phase === 'ended') return stay(state);
  if (why === 'unreachable' && state.phase === 'interrupted') return stay(state);
  const failed: PlayerState = { ...state, phase: 'error', trouble: why };
  if (why === 'unreachable' || state.source === undefined) return stay(failed);
  // Made private, say: the engine would ask for segments for good, before a frozen picture.
  return then({ ...failed, source: undefined, stalled: true, broken: false }, { do: 'close' });
}

function onProgress(state: PlayerState, atMs: number | undefined): Step {
  const at = atMs ?? state.atMs;
  if (state.phase === 'playing' && !state.stalled) return stay({ ...state, atMs: at });
  if (state.phase === 'ended' && state.mode === 'live') return stay({ ...state, atMs: at });
  // Still `broken` if it was: the picture may come from the buffer.
  return stay({ ...state, atMs: at, phase: 'playing', stalled: false, trouble: undefined });
}

// `default` is `retry`: the linter does not see that the cases are all there are.
export function step(state: PlayerState, event: PlayerEvent): Step {
  switch (event.type) {
    case 'playback':
      return onPlayback(state, event.playback);
    case 'broadcast':
      return onBroadcast(state, event.state, event.session);
    case 'request-failed':
      return onRequestFailed(state, event.why);
    case 'progress':
      return onProgress(state, event.atMs);
    case 'stalled':
      return onStalled(state);
    case 'failed':
      if (event.what === 'media') return onMediaFailed(state, event.nowMs);
      return event.what === 'denied'
        ? onDenied(state, event.nowMs)
        : then({ ...state, stalled: true, broken: true }, { do: 'ask-playback' });
    case 'finished':
      // The live playlist ends with the show; whatever the last poll said, it is over.
      return state.mode === 'recording' || state.broadcast === 'ended'
        ? stay({ ...state, phase: 'ended' })
        : then({ ...state, stalled: true }, { do: 'ask-playback' });
    case 'seek':
      return onSeek(state, event.atMs, event.inWindow);
    case 'go-live':
      return onGoLive(state);
    case 'watch-recording': {
      const archive = state.playback?.archive;
      if (archive === undefined) return stay({ ...state, phase: 'ended', trouble: 'no-recording' });
      return open(state, { kind: 'archive', url: archive }, event.from, 'recording');
    }
    default:
      return then(
        {
          ...state,
          phase: 'loading',
          stalled: true,
          trouble: undefined,
          source: undefined,
          mediaFailure: undefined,
          denial: undefined,
        },
        { do: 'ask-playback' },
      );
  }
}
