import type { PlayerState } from './player-state.ts';

/** What stands over the picture. `spinner` alone: something is coming, no words needed. */
export interface Overlay {
  readonly title?: string;
  readonly text?: string;
  readonly spinner: boolean;
  readonly actions: readonly OverlayChoice[];
}

export type OverlayChoice = 'recording' | 'retry' | 'directory' | 'sign-in';

export function overlayFor(state: PlayerState, mayBeOwner = false): Overlay | undefined {
  const { phase, trouble, playback } = state;
  switch (phase) {
    case 'playing':
      return undefined;
    case 'interrupted':
      return {
        title: 'The broadcaster’s connection dropped',
        text: 'It goes on here as soon as they are back.',
        spinner: true,
        actions: [],
      };
    case 'ended':
      if (trouble === 'no-recording' || playback?.archive === undefined)
        return {
          title: 'The show has ended',
          text: 'There is no recording of it.',
          spinner: false,
          actions: ['directory'],
        };
      return state.mode === 'recording'
        ? { title: 'That was the whole show', spinner: false, actions: ['recording', 'directory'] }
        : {
            title: 'The show has ended',
            text: 'The recording is ready.',
            spinner: false,
            actions: ['recording'],
          };
    case 'error':
      return trouble === 'not-found' && mayBeOwner ? notFoundForStrangers : troubles[trouble ?? 'media'];
    default:
      return playback !== undefined && playback.live === undefined && playback.state === 'live'
        ? {
            title: 'The show is about to start',
            text: 'The first picture is on its way.',
            spinner: true,
            actions: [],
          }
        : { spinner: true, actions: [] };
  }
}

const troubles: Readonly<Record<NonNullable<PlayerState['trouble']>, Overlay>> = {
  'not-found': {
    title: 'This show isn’t here',
    text: 'It may be private, or the address is mistyped.',
    spinner: false,
    actions: ['retry', 'directory'],
  },
  unreachable: {
    title: 'Tidecast can’t be reached',
    text: 'Check your connection. This page keeps trying.',
    spinner: true,
    actions: ['retry'],
  },
  media: {
    title: 'This can’t be played',
    text: 'Your browser gave up on the video. Trying again often helps.',
    spinner: false,
    actions: ['retry'],
  },
  denied: {
    title: 'You can’t watch this here right now',
    text: 'Tidecast let you in, but the video did not open. If your browser blocks cookies for this site, allow them and try again.',
    spinner: false,
    actions: ['retry', 'directory'],
  },
  'no-recording': {
    title: 'The show has ended',
    text: 'There is no recording of it.',
    spinner: false,
    actions: ['directory'],
  },
};

/** The sign-in ends with its tab: the owner too is a stranger in a new one. */
const notFoundForStrangers: Overlay = {
  title: 'This show isn’t here',
  text: 'It may be private, or the address is mistyped. Is it yours? Sign in.',
  spinner: false,
  actions: ['sign-in', 'retry', 'directory'],
};
