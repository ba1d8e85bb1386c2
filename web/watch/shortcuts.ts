export type Action =
  | { readonly do: 'toggle-play' | 'toggle-mute' | 'toggle-full' | 'live' | 'help' }
  | { readonly do: 'seek'; readonly seconds: number }
  | { readonly do: 'volume'; readonly by: number };

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  [' ', { do: 'toggle-play' }],
  ['k', { do: 'toggle-play' }],
  ['m', { do: 'toggle-mute' }],
  ['f', { do: 'toggle-full' }],
  ['l', { do: 'live' }],
  ['?', { do: 'help' }],
  ['arrowleft', { do: 'seek', seconds: -10 }],
  ['arrowright', { do: 'seek', seconds: 10 }],
  ['arrowup', { do: 'volume', by: 0.1 }],
  ['arrowdown', { do: 'volume', by: -0.1 }],
]);

export interface Key {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What has the focus: its own keys come first. */
export type Focus = 'text' | 'slider' | 'button' | 'other';

/** What a key does. Undefined: leave it to the browser and to whatever has the focus. */
export function actionFor(key: Key, focus: Focus): Action | undefined {
  if (key.ctrlKey || key.metaKey || key.altKey || focus === 'text') return undefined;
  if (focus === 'slider' && key.key.startsWith('Arrow')) return undefined;
  // The space bar presses the button that has the focus.
  if (focus === 'button' && key.key === ' ') return undefined;
  return actions.get(key.key.toLowerCase());
}

const timelineSteps: ReadonlyMap<string, number> = new Map([
  ['ArrowLeft', -10],
  ['ArrowDown', -10],
  ['ArrowRight', 10],
  ['ArrowUp', 10],
]);

/** Seconds that a key moves the timeline that has the focus: by its own step, a second, nobody leaves the live edge. */
export function timelineStep({ key, ctrlKey, metaKey, altKey }: Key): number | undefined {
  return ctrlKey || metaKey || altKey ? undefined : timelineSteps.get(key);
}

export const shortcutHelp: readonly (readonly [string, string])[] = [
  ['Space or K', 'Play or pause'],
  ['← →', 'Back or forward 10 seconds'],
  ['↑ ↓', 'Volume'],
  ['M', 'Sound on or off'],
  ['F', 'Full screen'],
  ['L', 'Go live'],
  ['?', 'This help'],
];
