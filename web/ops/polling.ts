/** Calls `work` again and again while the page is seen; after failures ever later, and says when. */
export interface PollDependencies {
  readonly work: () => Promise<void>;
  readonly everyMs: number;
  /** The longest wait after failures. */
  readonly maxMs: number;
  /** The work failed; it is tried again after so long. */
  readonly failed: (error: unknown, againMs: number) => void;
  readonly random: () => number;
  readonly page: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'>;
}

export interface Polling {
  /** At once, without waiting for the next turn. */
  readonly now: () => Promise<void>;
  readonly stop: () => void;
}

/** Twice as long with each failure, spread over half of it so that consoles do not return all at once. */
export const waitAfter = (
  failures: number,
  { everyMs, maxMs, random }: Pick<PollDependencies, 'everyMs' | 'maxMs' | 'random'>,
): number =>
  failures === 0
    ? everyMs
    : Math.round(Math.min(maxMs, everyMs * 2 ** Math.min(failures, 16)) * (0.75 + random() / 2));

export function poll(dependencies: PollDependencies): Polling {
  const { work, page } = dependencies;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;
  let failures = 0;

  const turn = async (): Promise<void> => {
    let wait: number;
    try {
      await work();
      failures = 0;
      wait = waitAfter(0, dependencies);
    } catch (error) {
      failures += 1;
      wait = waitAfter(failures, dependencies);
      if (!stopped) dependencies.failed(error, wait);
    }
    // A hidden page asks when it is seen again.
    if (!stopped && !page.hidden) timer = setTimeout(run, wait);
  };
  const now = (): Promise<void> => {
    if (stopped) return Promise.resolve();
    clearTimeout(timer);
    running ??= turn().finally(() => (running = undefined));
    return running;
  };
  const run = (): void => void now();
  const onVisibility = (): void => {
    clearTimeout(timer);
    if (!page.hidden) run();
  };
  page.addEventListener('visibilitychange', onVisibility);
  run();
  return {
    now,
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      page.removeEventListener('visibilitychange', onVisibility);
    },
  };
}
