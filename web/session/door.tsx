/** Coming in and going out, the same on every page for people who are signed in. */
import { signal, type ReadonlySignal } from '@preact/signals';
import { wordsOf } from '../api/client.ts';
import { Frame, Message, type FrameProps } from '../design/frame.tsx';
import { createHere, type Here } from './here.ts';
import { SignInFailed } from './oidc.ts';
import { signInHere } from './sign-in-here.ts';
import type { Session } from './token-store.ts';

/** Set when somebody signed out in this tab: the next sign-in asks who it is. */
const signedOutKey = 'tidecast.signed-out';

export interface Door extends Here {
  /** Whoever was signed in when the page was opened. */
  readonly session: Session | undefined;
  readonly expired: ReadonlySignal<boolean>;
  readonly trouble: ReadonlySignal<string | undefined>;
  readonly leaving: ReadonlySignal<boolean>;
  readonly enter: () => Promise<void>;
  readonly leave: () => void;
}

/** `home`: the page to be on after signing out. */
export function openDoor(home: string): Door {
  const expired = signal(false);
  const trouble = signal<string | undefined>(undefined);
  const leaving = signal(false);
  const here = createHere(() => (expired.value = true));
  const { tokens } = here;
  const signIn = signInHere(here);

  async function enter(): Promise<void> {
    leaving.value = true;
    trouble.value = undefined;
    try {
      const back = `${location.pathname}${location.search}`;
      await signIn.begin(back, sessionStorage.getItem(signedOutKey) !== null);
      sessionStorage.removeItem(signedOutKey);
    } catch (error) {
      leaving.value = false;
      trouble.value =
        error instanceof SignInFailed
          ? error.message
          : `The sign-in service doesn’t answer. ${wordsOf(error)}`;
    }
  }

  function leave(): void {
    tokens.clear();
    sessionStorage.setItem(signedOutKey, 'yes');
    location.assign(home);
  }

  const session = tokens.read(Date.now());
  // Somebody was signed in and the token ran out: the issuer usually still knows them, so no question.
  if (session === undefined && tokens.known()) {
    tokens.clear();
    void enter();
  }
  if (session !== undefined)
    setTimeout(() => (expired.value = true), Math.min(session.expiresAtMs - Date.now(), 2 ** 31 - 1));
  return { ...here, session, expired, trouble, leaving, enter, leave };
}

/** The page of somebody who is not signed in. */
export const SignedOut = (props: {
  readonly door: Door;
  readonly here: FrameProps['here'];
  readonly title: string;
  readonly text: string;
}) => {
  const { leaving, trouble, enter } = props.door;
  return (
    <Frame here={props.here}>
      <Message
        title={leaving.value ? 'Taking you to the sign-in' : props.title}
        text={leaving.value ? 'One moment.' : props.text}
      >
        {trouble.value !== undefined && (
          <p class="notice notice-warn" role="alert">
            {trouble.value}
          </p>
        )}
        <button
          type="button"
          class="button primary"
          data-control="sign-in"
          disabled={leaving.value}
          onClick={() => void enter()}
        >
          Sign in
        </button>
      </Message>
    </Frame>
  );
};

/** Who is signed in, for the frame. */
export const Who = ({ door, session }: { readonly door: Door; readonly session: Session }) => (
  <>
    <span class="who">{session.name}</span>
    <button type="button" class="button quiet" onClick={door.leave}>
      Sign out
    </button>
  </>
);

/** Says that the sign-in has run out. Not renewed by itself: what is typed or shown just now would be lost. */
export const Expiry = ({ door: { expired, trouble, enter } }: { readonly door: Door }) => (
  <div role="status" aria-live="polite">
    {expired.value && (
      <p class="notice notice-warn">
        <span>Your sign-in has expired.</span>
        <button type="button" class="button" onClick={() => void enter()}>
          Sign in again
        </button>
      </p>
    )}
    {trouble.value !== undefined && <p class="notice notice-warn">{trouble.value}</p>}
  </div>
);
