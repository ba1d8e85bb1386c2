import { afterEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import { chunkMs, chunkOf, chunkOfId, emptyIndex, type ChatIndex } from '../../../../core/chat/replay.ts';
import { createReplay, type Replay } from '../../../../web/watch/chat/replay-loader.ts';
import { until } from '../../../support/platform.ts';
import { say, texts } from './say.ts';

const startMs = 1_700_000_000_000;
const url = 'https://media.example/archive/show/chat/index.json';
let replay: Replay | undefined;
let stopwatchMs = 0;

afterEach(() => replay?.destroy());

/** An archive that tests change as they go. */
class Shelf {
  said: readonly ChatMessage[] = [];
  index: ChatIndex | undefined;
  broken = false;
  readonly asked: string[] = [];

  constructor(said: readonly ChatMessage[], change: Partial<ChatIndex> = {}) {
    this.said = said;
    this.seal({ complete: true, ...change });
  }

  seal(change: Partial<ChatIndex>): void {
    const chunks = [...new Set(this.said.map(({ id }) => chunkOfId(id)))].toSorted((a, b) => a - b);
    this.index = { ...emptyIndex, chunks, ...change };
  }

  readonly fetch = (address: string): Promise<Response> => {
    const file = address.slice(address.lastIndexOf('/') + 1);
    this.asked.push(file);
    if (this.broken) return Promise.reject(new TypeError('no network'));
    if (file === 'index.json')
      return Promise.resolve(
        this.index === undefined ? new Response('', { status: 404 }) : Response.json(this.index),
      );
    const n = Number(file.replace('.json', ''));
    return Promise.resolve(Response.json({ n, messages: this.said.filter(({ id }) => chunkOfId(id) === n) }));
  };
}

function open(shelf: Shelf, live: readonly ChatMessage[] = []): Replay {
  stopwatchMs = 0;
  replay = createReplay({
    url,
    fetch: shelf.fetch,
    live: () => live,
    me: () => 'person-Robin',
    stopwatch: { now: () => stopwatchMs },
    random: () => 0,
  });
  return replay;
}
const shows = async (atS: number, count: number, last: string): Promise<void> => {
  await until(`${count} lines up to ${last}`, () => {
    replay?.show(startMs + atS * 1_000);
    const shown = texts(replay?.messages.value ?? []);
    return Promise.resolve((shown.length === count && shown.at(-1) === last) || undefined);
  });
};
const everySecond = Array.from({ length: 300 }, (_, s) => say(startMs + s * 1_000, 'Ana', `at ${s}`));

describe('the replay', () => {
  it('shows each moment as it was, wherever one seeks to', async () => {
    open(new Shelf(everySecond));
    await shows(250, 100, 'at 250');
    await shows(3, 4, 'at 3');
    await shows(120, 100, 'at 120');
  });

  it('loads a chunk once, and the next one before it is needed', async () => {
    const shelf = new Shelf(everySecond);
    open(shelf);
    await shows(5, 6, 'at 5');
    const next = `${chunkOf(startMs) + 1}.json`;
    await until('the next chunk', () => Promise.resolve(shelf.asked.includes(next) || undefined));
    for (let s = 0; s < 20; s += 1) replay?.show(startMs + s * 1_000);
    expect(shelf.asked.filter((file) => file === next)).toHaveLength(1);
    expect(shelf.asked.filter((file) => file === 'index.json')).toHaveLength(1);
  });

  it('is quiet without an archive, and finds it when it is there', async () => {
    const shelf = new Shelf(everySecond.slice(0, 10));
    shelf.index = undefined;
    open(shelf);
    replay?.show(startMs + 9_000);
    await until('the question', () => Promise.resolve(shelf.asked.length > 0 || undefined));
    expect(replay?.messages.value).toEqual([]);
    shelf.seal({ complete: true });
    stopwatchMs += 60_000;
    await shows(9, 10, 'at 9');
  });

  it('gets over a network that fails', async () => {
    const shelf = new Shelf(everySecond.slice(0, 10));
    open(shelf);
    shelf.broken = true;
    replay?.show(startMs);
    await until('the question', () => Promise.resolve(shelf.asked.length > 0 || undefined));
    shelf.broken = false;
    stopwatchMs += 60_000;
    await shows(9, 10, 'at 9');
  });

  it('follows an archive that grows, and fills its edge with what was heard', async () => {
    const sealedToMs = (chunkOf(startMs) + 3) * chunkMs;
    const shelf = new Shelf(
      everySecond.filter(({ at }) => at < sealedToMs),
      { complete: false, sealedToMs },
    );
    open(shelf, everySecond.slice(0, 60));
    await shows(45, 46, 'at 45');
    await until('the chunks', () => Promise.resolve(shelf.asked.length > 3 || undefined));
    shelf.said = everySecond;
    shelf.seal({ complete: false, sealedToMs: (chunkOf(startMs) + 20) * chunkMs });
    stopwatchMs += 60_000;
    await shows(150, 100, 'at 150');
  });

  it('shows of a burst what anybody could read, the same each time, and all that is mine', async () => {
    const burst = Array.from({ length: 3_000 }, (_, i) =>
      say(startMs + i, i % 100 === 0 ? 'Robin' : `p${i}`, `${i}`),
    );
    open(new Shelf(burst));
    await until('lines', () => {
      replay?.show(startMs + 2_999);
      return Promise.resolve(replay?.messages.value.length === 100 || undefined);
    });
    const first = texts(replay?.messages.value ?? []);
    const lastSecond = (replay?.messages.value ?? []).filter(({ at }) => at >= startMs + 2_000);
    expect(lastSecond.length).toBeLessThan(120);
    expect(lastSecond.filter(({ by }) => by.name === 'Robin')).toHaveLength(10);
    replay?.show(startMs);
    replay?.show(startMs + 2_999);
    expect(texts(replay?.messages.value ?? [])).toEqual(first);
  });
});
