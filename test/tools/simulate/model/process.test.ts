import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Heartbeat, HeldShow, Order } from '../../../../core/fleet/heartbeat.ts';
import { defaultPolicy } from '../../../../core/fleet/policy.ts';
import { heartbeatMs } from '../../../../tools/simulate/model/parts.ts';
import { IngestProcess } from '../../../../tools/simulate/model/process.ts';

const start = 1_000_000;
const lag = 300;

const newProcess = (): IngestProcess =>
  new IngestProcess(
    { taskId: 'task-1', slot: 'in-01', hostId: 'i-1', digest: 'sha256:a' },
    { policy: defaultPolicy, now: start, storedAfterMs: lag, isStuck: false },
  );

const show = (broadcastId: string, points = 1000): HeldShow => ({
  broadcastId,
  state: 'live',
  points,
  startedAt: start,
  session: 1,
});

const order = (generation: number, phase: Order['phase']): Order => ({
  taskId: 'task-1',
  generation,
  phase,
  reason: 'rollout',
  text: '',
  at: start,
  expiredAt: start,
});

const names = (heartbeat: Heartbeat | undefined): readonly string[] =>
  heartbeat?.shows.map(({ broadcastId }) => broadcastId) ?? [];

describe('the heartbeats of a modelled process', () => {
  it('are those of a process that writes one every five seconds', () => {
    const step = fc.record({
      after: fc.integer({ min: 1, max: 7_000 }),
      what: fc.constantFrom('comes', 'goes', 'looks', 'silent'),
      n: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const process = newProcess();
        // The other process, which does write: state at each beat, in a list.
        const held = new Set<string>();
        const written: { at: number; shows: string[] }[] = [];
        let nextBeat = start;
        let silentUntil = 0;
        let now = start;
        const writeUntil = (to: number): void => {
          for (; nextBeat <= to; nextBeat += heartbeatMs) {
            if (nextBeat >= silentUntil) written.push({ at: nextBeat, shows: [...held].toSorted() });
          }
        };
        for (const { after, what, n } of steps) {
          // Beats at the very moment of a change may show either.
          now += after + ((now + after - start) % heartbeatMs === 0 ? 1 : 0);
          writeUntil(now);
          const id = `b-${n}`;
          if (what === 'comes') {
            process.hold(show(id), now);
            held.add(id);
          } else if (what === 'goes') {
            process.letGo(id, now);
            held.delete(id);
          } else if (what === 'silent' && now >= silentUntil) {
            silentUntil = now + 12_345;
            process.silence(now, silentUntil);
          }
          const seen = process.heartbeat(now, false);
          const expected = written.findLast(({ at }) => at <= now - lag);
          expect(seen?.at).toBe(expected?.at);
          expect(names(seen).toSorted()).toEqual(expected?.shows ?? []);
          expect(process.heartbeat(now, true)?.at).toBe(written.at(-1)?.at);
        }
      }),
    );
  });

  it('have numbers that rise with every beat', () => {
    const process = newProcess();
    const sequences = [0, 1, 2, 3].map(
      (beat) => process.heartbeat(start + beat * heartbeatMs + lag, false)?.sequence,
    );
    expect(sequences).toEqual([1, 2, 3, 4]);
  });

  it('end with the process, and the last one stays', () => {
    const process = newProcess();
    process.end(start + 12_000);
    expect(process.heartbeat(start + 60_000, false)?.at).toBe(start + 10_000);
  });
});

describe('the door of a modelled process', () => {
  it('opens when its first heartbeat is stored', () => {
    const process = newProcess();
    expect(process.refuses(start)).toBe('dead');
    expect(process.refuses(start + lag)).toBeUndefined();
  });

  it('goes by the ceiling of the CPU: five broadcasts where four are planned', () => {
    const process = newProcess();
    const now = start + lag;
    for (let n = 0; n < 4; n++) process.hold(show(`b-${n}`), now);
    expect(process.refuses(now)).toBeUndefined();
    process.hold(show('b-4'), now);
    expect(process.refuses(now)).toBe('full');
    expect(process.heartbeat(now + heartbeatMs, false)).toMatchObject({ full: true, accepting: true });
  });

  it('stays open for an expire order, closes for a drain, and opens again for serve', () => {
    const process = newProcess();
    const now = start + heartbeatMs;
    process.obey(order(1, 'expire'), now);
    expect(process.refuses(now)).toBeUndefined();
    process.obey(order(2, 'drain'), now);
    expect(process.refuses(now)).toBe('draining');
    expect(process.phase).toBe('draining');
    process.obey(order(1, 'serve'), now);
    expect(process.refuses(now)).toBe('draining');
    process.obey(order(3, 'serve'), now);
    expect(process.refuses(now)).toBeUndefined();
  });

  it('never opens where the image does not serve', () => {
    const process = new IngestProcess(
      { taskId: 'task-1', slot: 'in-01', hostId: 'i-1', digest: 'sha256:a' },
      { policy: defaultPolicy, now: start, storedAfterMs: lag, isStuck: true },
    );
    expect(process.refuses(start + 60_000)).toBe('dead');
    expect(process.heartbeat(start + 60_000, false)).toMatchObject({ phase: 'starting', accepting: false });
  });
});
