import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PostedMessage } from '../../../../core/api/chat.ts';
import type { TestApi } from '../harness.ts';
import { startTestChat, type TestChat } from './harness.ts';

let chat: TestChat;
let apps: readonly TestApi['app'][];
beforeAll(async () => {
  chat = await startTestChat({ shards: ['a', 'b'] });
  apps = [chat.api.app, await chat.another(), await chat.another()];
});
afterAll(() => chat.close());

/** Somebody who asks any task, and the next one when they lose patience, while the first goes on. */
class Insister {
  /** By text, which is the key too, all ids that were answered. */
  readonly answered = new Map<string, Set<string>>();
  readonly #broadcastId: string;
  readonly #attempts: Promise<unknown>[] = [];

  constructor(broadcastId: string) {
    this.#broadcastId = broadcastId;
  }

  async say(who: string, text: string): Promise<void> {
    const begun = this.#attempts.length;
    while (!this.answered.has(text)) {
      const attempt = this.#try(who, text);
      this.#attempts.push(attempt);
      const status = await Promise.race([attempt, delay(20 + Math.random() * 150, undefined)]);
      if (status === 503) await delay(30 + Math.random() * 50);
      if (this.#attempts.length - begun > 20_000) throw new Error(`never posted: ${text}`);
    }
    // Its answer was lost on the way.
    if (Math.random() < 0.2) await this.#try(who, text);
  }

  async end(): Promise<void> {
    await Promise.all(this.#attempts);
  }

  async sayThrough(app: TestApi['app'], text: string): Promise<void> {
    while ((await this.#try('patient', text, app)) !== 201) await delay(20);
  }

  async #try(
    who: string,
    text: string,
    app = apps[Math.floor(Math.random() * apps.length)],
  ): Promise<number> {
    const answer = await chat.say(who, this.#broadcastId, text, text, app);
    if (answer.statusCode === 201) {
      const { id } = answer.json<PostedMessage>();
      this.answered.set(text, (this.answered.get(text) ?? new Set()).add(id));
    } else if (answer.statusCode !== 503) throw new Error(answer.body);
    return answer.statusCode;
  }
}

type Fault = (home: string, broadcastId: string) => Promise<string>;

const killFor =
  (ms: number): Fault =>
  async (home) => {
    await chat.redis.get(home)?.kill();
    await delay(ms);
    await chat.redis.get(home)?.restart();
    return home;
  };

const move: Fault = async (home, broadcastId) => {
  const to = home === 'a' ? 'b' : 'a';
  const url = `/api/ops/chat/shards/${home}/move`;
  const answer = await chat.api.ask('operator', 'POST', url, { broadcastIds: [broadcastId], to });
  expect(answer.json()).toEqual({ moved: [{ broadcastId, to }] });
  return to;
};

describe('people who ask again and again, through all tasks at once', () => {
  it.each([
    // Longer than a post that is under way waits for it, and shorter.
    ['Redis is killed and comes back empty', [killFor(50), killFor(2_300), killFor(300)]],
    [
      'the broadcast is moved, and what it left and where it is are killed',
      [move, killFor(50), move, killFor(200), move],
    ],
  ])('have one message and one id for each post while %s', { timeout: 60_000 }, async (_what, faults) => {
    const { broadcast } = await chat.live(`owner-${faults.length}`);
    const { broadcastId } = broadcast;
    await chat.tables.broadcasts.assignShard(broadcastId, 'a');
    const insister = new Insister(broadcastId);
    const over = new AbortController();
    const people = ['p1', 'p2', 'p3', 'p4', 'p5', 'p6'].map(async (who) => {
      for (let n = 0; !over.signal.aborted; n += 1) await insister.say(who, `${who}-${n}`);
    });
    let home = 'a';
    for (const fault of faults) {
      const before = insister.answered.size;
      await expect.poll(() => insister.answered.size, { timeout: 15_000 }).toBeGreaterThan(before + 6);
      // A task that does not reach the shard cannot close it before it moves the broadcast.
      await insister.sayThrough(chat.api.app, `patient-${before}`);
      home = await fault(home, broadcastId);
    }
    over.abort();
    await Promise.all(people);
    await insister.end();
    const ids = [...insister.answered.values()].flatMap((each) => Array.from(each)).sort();
    expect(ids.length).toBe(insister.answered.size);
    // What was given up by one task and answered by another is put right as soon as Redis has said so.
    const eventually = { timeout: 10_000 };
    await expect
      .poll(async () => (await chat.stored(broadcastId)).map(({ id }) => id), eventually)
      .toEqual(ids);
    await expect
      .poll(async () => (await chat.history(broadcast, home)).map(({ id }) => id), eventually)
      .toEqual(ids.slice(-500));
  });
});
