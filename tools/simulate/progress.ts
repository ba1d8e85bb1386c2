import type { World } from './model/world.ts';

const hourMs = 3_600_000;
/** Shown at most so often, real time. */
const everyMs = 500;

export interface Progress {
  readonly begins: (world: World, start: number, end: number) => void;
  readonly end: () => void;
}

/** How far a run is, on standard error: one line that is written over on a terminal, some lines in a log. */
export function showProgress(name: string): Progress {
  const { stderr } = process;
  const isTerminal = stderr.isTTY;
  let shownAt = performance.now();
  let isShown = false;
  return {
    begins(world, start, end) {
      const hour = (): void => {
        const now = performance.now();
        if (now - shownAt >= (isTerminal ? everyMs : 10 * everyMs)) {
          shownAt = now;
          isShown = true;
          const share = Math.round(((world.now - start) / (end - start)) * 100);
          const { tally } = world;
          const text =
            `${name}: ${share} %, day ${((world.now - start) / (24 * hourMs)).toFixed(1)}, ` +
            `${tally.encoders} encoders, ${tally.refusedEncoders} refused, ${tally.violations.length} violations`;
          stderr.write(isTerminal ? `\r${text}\u001B[K` : `${text}\n`);
        }
        if (world.now < end) world.timeline.after(hourMs, hour);
      };
      world.timeline.at(start, hour);
    },
    end() {
      if (isTerminal && isShown) stderr.write('\r\u001B[K');
    },
  };
}
