import { demoScenes, type DemoLine } from './demo-lines.ts';

export interface DemoChat {
  stop(): Promise<void>;
}

export interface DemoChatOptions {
  readonly apiUrl: string;
  /** Of the demo: its broadcast may be another one after its encoder was away for long. */
  readonly channelId: string;
  readonly tokenFor: (person: string) => Promise<string>;
  /** 0 ≤ x < 1 */
  readonly random: () => number;
  /** Resolves early when the signal says so. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Nobody types on the second: from 0.8 s to 3.2 s, 2 s in the mean. */
const shortestPauseMs = 800;
const pauseRangeMs = 2_400;
/** Between two talks. */
const restMs = 2_000;
/** When the chat is away there is nothing to say. */
const awayMs = 5_000;
const callTimeoutMs = 5_000;

type Outcome = 'said' | 'away' | 'over';

/** 404 and 409: the broadcast has ended, or is not ours to see any more. */
const outcomeOf = (status: number): Outcome =>
  status === 201 ? 'said' : status === 404 || status === 409 ? 'over' : 'away';

/** A handful of people who chat in the demo, so that the first look shows life. They post as everybody does. */
export function startDemoChat(options: DemoChatOptions): DemoChat {
  const { apiUrl, channelId, tokenFor, random, pause } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const within = (): AbortSignal => AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]);

  const currentBroadcast = async (): Promise<string | undefined> => {
    try {
      const response = await fetch(`${apiUrl}/api/channels/${channelId}`, { signal: within() });
      const { current } = (await response.json()) as { current?: { broadcastId: string } };
      return current?.broadcastId;
    } catch {
      return undefined;
    }
  };

  const post = async (broadcastId: string, { who, text }: DemoLine): Promise<Outcome> => {
    try {
      const response = await fetch(`${apiUrl}/api/broadcasts/${broadcastId}/messages`, {
        method: 'POST',
        headers: { authorization: `Bearer ${await tokenFor(who)}`, 'content-type': 'application/json' },
        body: JSON.stringify({ text }),
        signal: within(),
      });
      await response.body?.cancel();
      return outcomeOf(response.status);
    } catch {
      return 'away';
    }
  };

  /** @returns whether the broadcast is over */
  const tell = async (broadcastId: string, scene: readonly DemoLine[]): Promise<boolean> => {
    for (const line of scene) {
      await pause(shortestPauseMs + random() * pauseRangeMs, signal);
      if (signal.aborted) return false;
      const outcome = await post(broadcastId, line);
      if (outcome === 'over') return true;
      // The rest of the talk would make no sense without this line.
      if (outcome === 'away') {
        await pause(awayMs, signal);
        return false;
      }
    }
    return false;
  };

  const chat = async (): Promise<void> => {
    let broadcastId: string | undefined;
    let before = -1;
    while (!signal.aborted) {
      broadcastId ??= await currentBroadcast();
      if (broadcastId === undefined) {
        await pause(awayMs, signal);
        continue;
      }
      // Never the same talk twice in a row.
      const step = 1 + Math.floor(random() * (demoScenes.length - 1));
      before = before === -1 ? 0 : (before + step) % demoScenes.length;
      if (await tell(broadcastId, demoScenes[before] ?? [])) broadcastId = undefined;
      await pause(restMs, signal);
    }
  };

  const done = chat();
  return {
    stop: async () => {
      ending.abort();
      await done;
    },
  };
}
