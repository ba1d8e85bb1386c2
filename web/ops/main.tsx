import { render } from 'preact';
import { Frame } from '../design/frame.tsx';
import { mountPoint } from '../design/mount.ts';
import { Expiry, openDoor, SignedOut, Who } from '../session/door.tsx';
import { createChatOpsApi } from './chat/chat-api.ts';
import { createChatStore } from './chat/chat-store.ts';
import { Console } from './console.tsx';
import { createOpsApi } from './ops-api.ts';
import { createStore } from './store.ts';

const door = openDoor('/ops');
const store = createStore({
  api: createOpsApi(door.ask),
  time: door.api,
  clock: Date,
  random: Math.random,
  page: document,
});

const chat = createChatStore({
  api: createChatOpsApi(door.ask),
  clock: Date,
  random: Math.random,
  page: document,
});

const Operations = () =>
  door.session === undefined ? (
    <SignedOut
      door={door}
      here="ops"
      title="Operations"
      text="Sign in as an operator to see the fleet: its hosts, its broadcasts, and what the scheduler decides."
    />
  ) : (
    <Frame here="ops" aside={<Who door={door} session={door.session} />}>
      <Expiry door={door} />
      <Console store={store} chat={chat} door={door} />
    </Frame>
  );

render(<Operations />, mountPoint());
