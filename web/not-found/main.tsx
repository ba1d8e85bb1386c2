import { render } from 'preact';
import { Frame, Message } from '../design/frame.tsx';
import { mountPoint } from '../design/mount.ts';

render(
  <Frame here="other">
    <Message title="Nothing washed up here" text="This address has no page. The link may be old or mistyped.">
      <a class="button primary" href="/">
        See what is live
      </a>
    </Message>
  </Frame>,
  mountPoint(),
);
