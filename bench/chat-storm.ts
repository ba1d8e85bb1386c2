/**
 * Thousands of viewers are cut off at once and come back at once, beside others who stay: how long it takes, and
 * whether those who stayed notice. Beside it Socket.IO's own server and clients with their defaults.
 */
import { parseArgs } from 'node:util';
import { broadcastId } from '../test/containers/chat/harness.ts';
import { sleep } from './chat/clock.ts';
import type { CrowdFigures, CrowdQuestion, ReturnFigures } from './chat/crowd.ts';
import { during, openStage, type Measured, type Stage } from './chat/measure.ts';
import type { StockQuestion } from './chat/stock-crowd.ts';
import type { SubjectName } from './chat/subjects.ts';

interface Storm {
  readonly leaving: number;
  readonly staying: number;
  /** Messages a second: as much as people can read. */
  readonly perS: number;
}

interface Weathered {
  readonly back: ReturnFigures;
  readonly before: Measured;
  readonly meanwhile: Measured;
}

const quietMs = 3_000;
/** A storm that has not ended by then does not. */
const deadlineMs = 60_000;
const auth = { broadcast: broadcastId };

async function weather(
  name: SubjectName,
  storm: Storm,
  come: (stage: Stage) => Promise<() => Promise<ReturnFigures>>,
): Promise<Weathered> {
  const stage = await openStage(name);
  try {
    await stage.crowd.ask({ do: 'join', ...stage.address, auth, viewers: storm.staying, deflate: false });
    const cut = await come(stage);
    await stage.subject.ask({ do: 'speak', perS: storm.perS, messageBytes: 160 });
    await sleep(quietMs);
    const before = await during(stage, () => sleep(quietMs));
    let back: ReturnFigures | undefined;
    const meanwhile = await during(stage, async () => {
      back = await cut();
    });
    if (back === undefined) throw new Error('nobody was cut off');
    return { back, before, meanwhile };
  } finally {
    await stage.close();
  }
}

const ours = (storm: Storm): Promise<Weathered> =>
  weather('ours', storm, async (stage) => {
    const others = await stage.another('crowd.ts');
    await others.ask({
      do: 'join',
      ...stage.address,
      auth,
      viewers: storm.leaving,
      deflate: false,
    } satisfies CrowdQuestion);
    return () => others.ask<ReturnFigures>({ do: 'return', deadlineMs } satisfies CrowdQuestion);
  });

const byDefault = (storm: Storm): Promise<Weathered> =>
  weather('default', storm, async (stage) => {
    const others = await stage.another('stock-crowd.ts');
    await others.ask({
      do: 'join',
      port: stage.address.port,
      viewers: storm.leaving,
    } satisfies StockQuestion);
    return async () => {
      await others.ask({ do: 'expect' } satisfies StockQuestion);
      await stage.subject.ask({ do: 'cut', sockets: storm.leaving });
      return others.ask<ReturnFigures>({ do: 'returned', deadlineMs } satisfies StockQuestion);
    };
  });

function tell(name: string, { back, before, meanwhile }: Weathered): void {
  const stayed = ({ viewers }: { readonly viewers: CrowdFigures }): string => viewers.p99Ms.toFixed(0);
  console.log(
    [
      name.padEnd(22),
      back.missing > 0 ? `${back.missing} not back` : `all back in ${(back.allBackMs / 1_000).toFixed(2)} s`,
      `${back.failed} attempts failed`,
      ...(meanwhile.server.tickLateP99Ms === undefined
        ? []
        : [`ticks late p99 ${meanwhile.server.tickLateP99Ms.toFixed(0)} ms`]),
      `timers late p99 ${meanwhile.server.lateP99Ms.toFixed(0)} ms, at most ${meanwhile.server.lateMaxMs.toFixed(0)} ms (before: ${before.server.lateP99Ms.toFixed(0)})`,
      `who stayed: p99 ${stayed(meanwhile)} ms (before: ${stayed(before)})`,
    ].join('  '),
  );
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      leaving: { type: 'string', default: '5000' },
      staying: { type: 'string', default: '2000' },
      rate: { type: 'string', default: '20' },
    },
  });
  const storm = {
    leaving: Number(values.leaving),
    staying: Number(values.staying),
    perS: Number(values.rate),
  };
  console.log(`${storm.leaving} cut off at once beside ${storm.staying} who stay, ${storm.perS} messages/s`);
  const mine = await ours(storm);
  tell('ours', mine);
  const peer = await byDefault(storm);
  tell('Socket.IO by default', peer);
  const seconds = (ms: number): number => Math.round(ms / 10) / 100;
  return {
    all_back_s: seconds(mine.back.allBackMs),
    failed: mine.back.failed,
    not_back: mine.back.missing,
    p99_join_ms: Math.round(mine.back.p99JoinMs),
    tick_late_p99_ms: Math.round(mine.meanwhile.server.tickLateP99Ms ?? Number.NaN),
    timer_late_p99_ms: Math.round(mine.meanwhile.server.lateP99Ms),
    timer_late_max_ms: Math.round(mine.meanwhile.server.lateMaxMs),
    stayed_p99_ms: Math.round(mine.meanwhile.viewers.p99Ms),
    stayed_p99_before_ms: Math.round(mine.before.viewers.p99Ms),
    default_all_back_s: seconds(peer.back.allBackMs),
    default_failed: peer.back.failed,
    default_not_back: peer.back.missing,
    default_p99_join_ms: Math.round(peer.back.p99JoinMs),
    default_timer_late_p99_ms: Math.round(peer.meanwhile.server.lateP99Ms),
    default_timer_late_max_ms: Math.round(peer.meanwhile.server.lateMaxMs),
  };
}
