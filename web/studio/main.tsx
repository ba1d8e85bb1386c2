import { signal } from '@preact/signals';
import { render } from 'preact';
import { wordsOf } from '../api/client.ts';
import { Frame, Message } from '../design/frame.tsx';
import { mountPoint } from '../design/mount.ts';
import { createHere } from '../session/here.ts';
import { SignInFailed } from '../session/oidc.ts';
import { signInHere } from '../session/sign-in-here.ts';
import { Workspace } from './workspace.tsx';

/** Set when somebody signed out in this tab: the next sign-in asks who it is. */
const signedOutKey = 'tidecast.signed-out';

const expired = signal(false);
const trouble = signal<string | undefined>(undefined);
const leaving = signal(false);
const here = createHere(() => (expired.value = true));
const { api, tokens } = here;
const signIn = signInHere(here);

async function enter(): Promise<void> {
  leaving.value = true;
  trouble.value = undefined;
  try {
    await signIn.begin(location.pathname, sessionStorage.getItem(signedOutKey) !== null);
    sessionStorage.removeItem(signedOutKey);
  } catch (error) {
    leaving.value = false;
    trouble.value =
      error instanceof SignInFailed ? error.message : `The sign-in service doesn’t answer. ${wordsOf(error)}`;
  }
}

function leave(): void {
  tokens.clear();
  sessionStorage.setItem(signedOutKey, 'yes');
  location.assign('/studio');
}

const session = tokens.read(Date.now());
// Somebody was signed in and the token ran out: the issuer usually still knows them, so no question.
const renewing = session === undefined && tokens.known();
if (renewing) {
  tokens.clear();
  void enter();
}
if (session !== undefined)
  setTimeout(() => (expired.value = true), Math.min(session.expiresAtMs - Date.now(), 2 ** 31 - 1));

const Studio = () =>
  session === undefined ? (
    <Frame here="studio">
      <Message
        title={leaving.value ? 'Taking you to the sign-in' : 'Your studio'}
        text={
          leaving.value
            ? 'One moment.'
            : 'Sign in to make a channel, get your stream key and see how your stream arrives.'
        }
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
  ) : (
    <Frame
      here="studio"
      aside={
        <>
          <span class="who">{session.name}</span>
          <button type="button" class="button quiet" onClick={leave}>
            Sign out
          </button>
        </>
      }
    >
      <div role="status" aria-live="polite">
        {expired.value && (
          // Not by itself: what is typed or shown just now would be lost.
          <p class="notice notice-warn">
            <span>Your sign-in has expired.</span>
            <button type="button" class="button" onClick={() => void enter()}>
              Sign in again
            </button>
          </p>
        )}
        {trouble.value !== undefined && <p class="notice notice-warn">{trouble.value}</p>}
      </div>
      <Workspace api={api} />
    </Frame>
  );

render(<Studio />, mountPoint());
