import { render } from 'preact';
import { createChatApi } from '../api/chat.ts';
import { Frame } from '../design/frame.tsx';
import { mountPoint } from '../design/mount.ts';
import { Expiry, openDoor, SignedOut, Who } from '../session/door.tsx';
import { Workspace } from './workspace.tsx';

const door = openDoor('/studio');

const Studio = () =>
  door.session === undefined ? (
    <SignedOut
      door={door}
      here="studio"
      title="Your studio"
      text="Sign in to make a channel, get your stream key and see how your stream arrives."
    />
  ) : (
    <Frame here="studio" aside={<Who door={door} session={door.session} />}>
      <Expiry door={door} />
      <Workspace api={door.api} chatApi={createChatApi(door.ask)} />
    </Frame>
  );

render(<Studio />, mountPoint());
