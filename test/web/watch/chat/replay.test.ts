import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../../../core/chat/message.ts';
import { chunkOf, chunkOfId, emptyIndex, type ChatIndex } from '../../../../core/chat/replay.ts';
import {
  isIndexOld,
  momentAt,
  shownLines,
  wantedChunks,
  type Archive,
} from '../../../../web/watch/chat/replay.ts';
import { say, texts } from './say.ts';

const startMs = 1_700_000_000_000;
const at = (s: number, text = `at ${s}`): ChatMessage => say(startMs + s * 1_000, 'Ana', text);

/** All that was said, in chunks, of which some were loaded. */
function archive(
  said: readonly ChatMessage[],
  loaded: (n: number) => boolean = () => true,
  change: Partial<ChatIndex> = {},
): Archive {
  const chunks = Map.groupBy(said, ({ id }) => chunkOfId(id));
  return {
    index: { ...emptyIndex, chunks: [...chunks.keys()].toSorted((a, b) => a - b), complete: true, ...change },
    chunks: new Map([...chunks].filter(([n]) => loaded(n))),
  };
}
const everySecond = Array.from({ length: 300 }, (_, s) => at(s));

describe('the chat of a moment', () => {
  it('is what was said until then, the last hundred', () => {
    const moment = momentAt(archive(everySecond), startMs + 200_500);
    expect(moment).toHaveLength(shownLines);
    expect(texts(moment).at(-1)).toBe('at 200');
  });

  it('is the same from whichever side one comes', () =>
    fc.assert(
      fc.property(fc.array(fc.nat(400), { minLength: 1 }), fc.nat(400), (seconds, atS) => {
        const said = [...new Set(seconds)].toSorted((a, b) => a - b).map((s) => at(s));
        const moment = momentAt(archive(said), startMs + atS * 1_000);
        const wanted = said.filter(({ at: ms }) => ms <= startMs + atS * 1_000);
        // Far back it looks through ten chunks with something in them only.
        expect(texts(moment)).toEqual(texts(wanted).slice(wanted.length - moment.length));
        expect(moment.length).toBeGreaterThanOrEqual(Math.min(10, wanted.length));
      }),
    ));

  it('leaves out what was removed since', () => {
    const removed = [at(3).id];
    const moment = momentAt(archive(everySecond.slice(0, 6), undefined, { removed }), startMs + 10_000);
    expect(texts(moment)).toEqual(['at 0', 'at 1', 'at 2', 'at 4', 'at 5']);
  });

  it('is empty before anything was said, and without an archive', () => {
    expect(momentAt(archive(everySecond), startMs - 1)).toEqual([]);
    expect(momentAt({ index: emptyIndex, chunks: new Map() }, startMs)).toEqual([]);
  });

  it('goes on with what was heard live where no chunk is yet, without doubles', () => {
    const sealedToMs = chunkOf(startMs + 30_000) * 10_000;
    const said = everySecond.slice(0, 40);
    const old = archive(
      said.filter(({ at: ms }) => ms < sealedToMs),
      undefined,
      { sealedToMs, complete: false },
    );
    const moment = momentAt(old, startMs + 38_000, said);
    expect(texts(moment)).toEqual(texts(said.slice(0, 39)));
  });
});

describe('the chunks to load', () => {
  const now = chunkOf(startMs + 200_000);

  it('are first the one of now, then the next, then back as far as lines are missing', () => {
    expect(
      wantedChunks(
        archive(everySecond, () => false),
        startMs + 200_000,
      ),
    ).toEqual([now, now + 1, now - 1]);
    expect(
      wantedChunks(
        archive(everySecond, (n) => n > now - 3),
        startMs + 200_000,
      ),
    ).toEqual([now, now + 1, now - 1, now - 2, now - 3]);
  });

  it('are none that the index does not know', () =>
    expect(
      wantedChunks(
        archive([at(0), at(250)], () => false),
        startMs + 200_000,
      ),
    ).toEqual([chunkOf(startMs)]));

  it('go back no further than a screen needs', () => {
    const busy = Array.from({ length: 3_000 }, (_, i) => at(i / 10, `${i}`));
    expect(wantedChunks(archive(busy), startMs + 200_000)).toEqual([now, now + 1, now - 1]);
  });
});

describe('the index', () => {
  it('is asked again only near its end, and never when it is complete', () => {
    const index = { ...emptyIndex, sealedToMs: startMs + 100_000 };
    expect(isIndexOld(index, startMs)).toBe(false);
    expect(isIndexOld(index, startMs + 95_000)).toBe(true);
    expect(isIndexOld({ ...index, complete: true }, startMs + 95_000)).toBe(false);
  });
});
