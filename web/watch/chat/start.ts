/** A chat of the watch page, wired to the browser. */
import type { Here } from '../../session/here.ts';
import { createChatApi, type ChatApi } from '../../api/chat.ts';
import { createChat, type Chat } from './chat.ts';

/** Nothing is drawn in a hidden page, so no frame comes: then this often is enough. */
const unseenMs = 1_000;

/** Before the next frame; in a hidden page after a second. */
function soon(run: () => void): void {
  let isDone = false;
  const once = (): void => {
    if (isDone) return;
    isDone = true;
    clearTimeout(timer);
    cancelAnimationFrame(frame);
    run();
  };
  const timer = setTimeout(once, unseenMs);
  const frame = requestAnimationFrame(once);
}

export interface StartedChat {
  readonly chat: Chat;
  readonly api: ChatApi;
  readonly destroy: () => void;
}

export function startChat(here: Here, broadcastId: string, clock: { now(): number }): StartedChat {
  const api = createChatApi(here.ask);
  const chat = createChat({
    broadcastId,
    api,
    // The library comes when the first connection is made: the picture has the line for itself until then.
    open: async (options) => (await import('./socket.ts')).openSocket(location.origin, options),
    token: () => here.tokens.read(Date.now())?.accessToken,
    clock,
    stopwatch: performance,
    random: Math.random,
    newKey: () => crypto.randomUUID(),
    soon,
    storage: sessionStorage,
  });
  const listeners = {
    online: () => chat.connection.setOnline(true),
    offline: () => chat.connection.setOnline(false),
  };
  const onVisibility = (): void => {
    if (!document.hidden) chat.connection.hurry();
  };
  for (const [name, listener] of Object.entries(listeners)) addEventListener(name, listener);
  document.addEventListener('visibilitychange', onVisibility);
  chat.connection.setOnline(navigator.onLine);
  return {
    chat,
    api,
    destroy() {
      for (const [name, listener] of Object.entries(listeners)) removeEventListener(name, listener);
      document.removeEventListener('visibilitychange', onVisibility);
      chat.destroy();
    },
  };
}
