/** Calls `work` again and again while the page is seen, one call at a time, with spread waits. */
export interface RefreshDependencies {
  readonly work: () => Promise<void>;
  readonly everyMs: number;
  readonly random: () => number;
  readonly page: Pick<Document, 'hidden' | 'addEventListener' | 'removeEventListener'>;
}

/** Half to one and a half times `everyMs` passes between calls; hidden pages wait until they are seen. */
export function refresh({ work, everyMs, random, page }: RefreshDependencies): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running = false;
  let stopped = false;

  async function run(): Promise<void> {
    if (running || stopped) return;
    running = true;
    clearTimeout(timer);
    await work().catch(() => undefined);
    running = false;
    if (!stopped && !page.hidden) timer = setTimeout(() => void run(), everyMs * (0.5 + random()));
  }

  const onVisibility = (): void => {
    clearTimeout(timer);
    if (!page.hidden) void run();
  };
  page.addEventListener('visibilitychange', onVisibility);
  void run();
  return () => {
    stopped = true;
    clearTimeout(timer);
    page.removeEventListener('visibilitychange', onVisibility);
  };
}
