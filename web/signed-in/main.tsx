import { render } from 'preact';
import { wordsOf } from '../api/client.ts';
import { Frame, Message } from '../design/frame.tsx';
import { mountPoint } from '../design/mount.ts';
import { createHere } from '../session/here.ts';
import { SignInFailed } from '../session/oidc.ts';
import { signInHere } from '../session/sign-in-here.ts';

const show = (title: string, text: string, again: boolean): void =>
  render(
    <Frame here="other">
      <Message title={title} text={text}>
        {again && (
          <a class="button primary" href="/studio">
            Sign in again
          </a>
        )}
      </Message>
    </Frame>,
    mountPoint(),
  );

const callback = new URL(location.href);
// The code has been read: it need not stay in the address bar and the history.
history.replaceState(null, '', '/signed-in');
show('Signing you in', 'One moment.', false);
signInHere(createHere())
  .finish(callback)
  .then(
    (path) => location.replace(path),
    (error: unknown) =>
      show('You are not signed in', error instanceof SignInFailed ? error.message : wordsOf(error), true),
  );
