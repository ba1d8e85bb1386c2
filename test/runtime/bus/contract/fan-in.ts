import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BusError, type FanIn, type TaskOrder } from '../../../../core/chat/bus.ts';
import { keptLength, type Control } from '../../../../core/chat/protocol.ts';
import { Ear, untilTrue } from '../shard.ts';

/** A shard, as its tasks and those who speak to them see it. Opened anew for every test. */
export interface FanInSide {
  /** A broadcast in which nothing was said. */
  newBroadcast(): Promise<string>;
  /** A task more. */
  openFanIn(): FanIn;
  /** @returns the id */
  say(broadcastId: string): Promise<string>;
  tell(broadcastId: string, control: Control, personId?: string): Promise<void>;
  /** @returns how many tasks heard it */
  order(order: TaskOrder): Promise<number>;
  /** No task reaches Redis any more, until `mend`; whoever speaks does. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** What a chat task relies on. */
export function fanInContract(open: () => Promise<FanInSide>): void {
  let side: FanInSide;
  let broadcastId: string;
  beforeEach(async () => {
    side = await open();
    broadcastId = await side.newBroadcast();
  });
  afterEach(() => side.close());

  const place = () => ({ broadcastId, channelId: `channel-of-${broadcastId}` });
  const task = async (): Promise<FanIn> => {
    const fanIn = side.openFanIn();
    await untilTrue('live', () => fanIn.link === 'live');
    return fanIn;
  };
  const say = async (times: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < times; n += 1) ids.push(await side.say(broadcastId));
    return ids;
  };

  describe('a subscription', () => {
    it('begins with what is kept, and hears all that comes after it, in the same order in every task', async () => {
      const before = await say(3);
      const [one, two] = [new Ear(), new Ear()];
      const { kept, whole } = await (await task()).subscribe(place(), one);
      expect([kept.map(({ id }) => id), whole]).toEqual([before, true]);
      await (await task()).subscribe(place(), two);
      const after = await say(20);
      await untilTrue('heard', () => one.ids.length === 20 && two.ids.length === 20);
      expect([one.ids, two.ids]).toEqual([after, after]);
      expect(after).toEqual(after.toSorted());
    });

    it('has no hole and no double where it begins while others speak', async () => {
      const fanIn = await task();
      const ids: string[] = [];
      const enough = new AbortController();
      const talking = (async () => {
        while (!enough.signal.aborted) {
          ids.push(await side.say(broadcastId));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      for (let round = 0; round < 5; round += 1) {
        const ear = new Ear();
        const { kept } = await fanIn.subscribe(place(), ear);
        await untilTrue('some', () => ear.ids.length > 5);
        const all = [...kept.map(({ id }) => id), ...ear.ids];
        const from = ids.indexOf(all[0] ?? '');
        expect(all.slice(0, ids.length - from)).toEqual(ids.slice(from, from + all.length));
        await fanIn.unsubscribe(broadcastId);
      }
      enough.abort();
      await talking;
    });

    it('says whether anything was before what is kept', async () => {
      const [first, second] = await say(keptLength);
      const begin = async () => {
        const { kept, whole } = await (await task()).subscribe(place(), new Ear());
        return { first: kept[0]?.id, length: kept.length, whole };
      };
      expect(await begin()).toEqual({ first, length: keptLength, whole: true });
      await say(1);
      expect(await begin()).toEqual({ first: second, length: keptLength, whole: false });
    });

    it('is one for each broadcast, hears nothing after its end, and can begin again at once', async () => {
      const fanIn = await task();
      const [first, second] = [new Ear(), new Ear()];
      await fanIn.subscribe(place(), first);
      await expect(fanIn.subscribe(place(), second)).rejects.toThrow('already');
      await fanIn.unsubscribe(broadcastId);
      await fanIn.unsubscribe(broadcastId);
      await fanIn.subscribe(place(), second);
      const ids = await say(1);
      await untilTrue('heard', () => second.ids.length === 1);
      expect([first.ids, second.ids]).toEqual([[], ids]);
    });

    it('hears controls, with the person whom they are for, of its own broadcast only', async () => {
      const fanIn = await task();
      const [here, there] = [new Ear(), new Ear()];
      const other = await side.newBroadcast();
      await fanIn.subscribe(place(), here);
      await fanIn.subscribe({ broadcastId: other, channelId: 'other' }, there);
      await side.tell(broadcastId, { type: 'delete', ids: ['1'] });
      await side.tell(broadcastId, { type: 'standing', state: 'banned' }, 'somebody');
      await untilTrue('heard', () => here.controls.length === 2);
      expect(here.controls).toEqual([
        { control: { type: 'delete', ids: ['1'] }, personId: undefined },
        { control: { type: 'standing', state: 'banned' }, personId: 'somebody' },
      ]);
      expect(there.controls).toEqual([]);
    });

    it('begins with what was taken away lately, for those who were not there', async () => {
      const [before] = await say(1);
      await side.tell(broadcastId, { type: 'delete', ids: ['1'] });
      await side.tell(broadcastId, { type: 'purge', person: 'somebody', until: '2' });
      await side.tell(broadcastId, { type: 'mode', mode: { slowS: 1, off: false } });
      const { removals } = await (await task()).subscribe(place(), new Ear());
      expect(removals.map(({ control }) => control)).toEqual([
        { type: 'delete', ids: ['1'] },
        { type: 'purge', person: 'somebody', until: '2' },
      ]);
      const [after] = await say(1);
      for (const { at } of removals) expect((before ?? '') < at && at < (after ?? '')).toBe(true);
    });
  });

  describe('a lost Redis', () => {
    it('is told, fails what is asked, and what was said meanwhile comes afterwards, once and in order', async () => {
      const fanIn = await task();
      const links: string[] = [];
      fanIn.onLink((link) => links.push(link));
      const ear = new Ear();
      await fanIn.subscribe(place(), ear);
      const ids = [...(await say(2))];
      await untilTrue('heard', () => ear.ids.length === 2);
      side.cut();
      await untilTrue('noticed', () => fanIn.link === 'reconnecting');
      await expect(fanIn.present(new Map([[broadcastId, 1]]))).rejects.toThrow(BusError);
      await expect(fanIn.holdLease('archive', 1_000)).rejects.toThrow(BusError);
      const other = await side.newBroadcast();
      await expect(fanIn.subscribe({ broadcastId: other, channelId: 'c' }, new Ear())).rejects.toThrow(
        BusError,
      );
      ids.push(...(await say(5)));
      await side.tell(broadcastId, { type: 'delete', ids: ['1'] });
      side.mend();
      await untilTrue('caught up', () => ear.ids.length === 7 && ear.controls.length === 1);
      ids.push(...(await say(1)));
      await untilTrue('goes on', () => ear.ids.length === 8);
      expect(ear.ids).toEqual(ids);
      expect(links).toEqual(['reconnecting', 'live']);
    });

    it('for so long that more was said than is kept brings what is kept, and says that there was more', async () => {
      const fanIn = await task();
      const ear = new Ear();
      await fanIn.subscribe(place(), ear);
      const [before] = await say(1);
      await untilTrue('heard', () => ear.ids.length === 1);
      side.cut();
      await untilTrue('noticed', () => fanIn.link === 'reconnecting');
      const missed = await say(keptLength + 20);
      side.mend();
      await untilTrue('caught up', () => ear.ids.includes(missed.at(-1) ?? ''));
      expect(ear.ids).toEqual([before, ...missed.slice(-keptLength)]);
      expect(ear.holes).toEqual([missed[20]]);
      const [next] = await say(1);
      await untilTrue('goes on', () => ear.ids.at(-1) === next);
      expect(ear.holes).toHaveLength(1);
    });

    it('while exactly as much was said as is kept leaves no hole', async () => {
      const fanIn = await task();
      const ear = new Ear();
      await fanIn.subscribe(place(), ear);
      side.cut();
      await untilTrue('noticed', () => fanIn.link === 'reconnecting');
      const missed = await say(keptLength);
      side.mend();
      await untilTrue('caught up', () => ear.ids.length === keptLength);
      expect(ear.ids).toEqual(missed);
      expect(ear.holes).toEqual([]);
    });
  });

  describe('a task', () => {
    it('hears every order, whatever it listens to', async () => {
      const heard: TaskOrder[] = [];
      for (const fanIn of [await task(), await task()]) fanIn.onOrder((order) => heard.push(order));
      const order: TaskOrder = { type: 'move', broadcastId, path: '/chat/b/' };
      expect(await side.order(order)).toBe(2);
      await untilTrue('heard', () => heard.length === 2);
      expect(heard).toEqual([order, order]);
    });

    it('says how many it has, and hears the sum of all tasks', async () => {
      const [one, two] = [await task(), await task()];
      expect(await one.present(new Map([[broadcastId, 3]]))).toEqual(new Map([[broadcastId, 3]]));
      expect(await two.present(new Map([[broadcastId, 4]]))).toEqual(new Map([[broadcastId, 7]]));
      expect(await one.present(new Map([[broadcastId, 0]]))).toEqual(new Map([[broadcastId, 4]]));
      expect(await two.present(new Map())).toEqual(new Map());
    });

    it('holds a lease that nobody else gets until it is not renewed any more', async () => {
      const [one, two] = [await task(), await task()];
      const [name, other] = [`archive ${broadcastId}`, `other ${broadcastId}`];
      expect(await one.holdLease(name, 1_000)).toBe(true);
      expect(await two.holdLease(name, 1_000)).toBe(false);
      expect(await one.holdLease(name, 1_000)).toBe(true);
      expect(await two.holdLease(other, 1_000)).toBe(true);
      await untilTrue('free', () => two.holdLease(name, 60_000));
      expect(await one.holdLease(name, 1_000)).toBe(false);
    });
  });
}
