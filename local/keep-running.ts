import type { Program } from './program.ts';

/** A program that is started again when it ends by itself, as ECS starts a service's task again. */
export interface KeptProgram {
  /** The one that runs now, or ran last. */
  readonly program: Program;
  stop(): Promise<void>;
  finish(): Promise<void>;
  kill(): Promise<void>;
}

const firstWaitMs = 500;
const longestWaitMs = 10_000;
/** One that ran for so long has recovered: the next wait is the first one again. */
const healthyAfterMs = 30_000;

/**
 * @param start starts it; `before` is the one that it replaces, whose ports others know. `onCrash` is to be
 * called when it ends by itself.
 */
export async function keepRunning(options: {
  readonly name: string;
  readonly start: (onCrash: (description: string) => void, before: Program | undefined) => Promise<Program>;
  readonly say: (text: string) => void;
}): Promise<KeptProgram> {
  let stopping = false;
  let waitMs = firstWaitMs;
  let startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;

  const onCrash = (description: string): void => {
    if (stopping) return;
    if (performance.now() - startedAt > healthyAfterMs) waitMs = firstWaitMs;
    options.say(`${description}; starting it again in ${waitMs / 1000} s`);
    timer = setTimeout(() => void again(), waitMs);
    waitMs = Math.min(longestWaitMs, waitMs * 2);
  };
  const again = async (): Promise<void> => {
    try {
      startedAt = performance.now();
      const next = await options.start(onCrash, program);
      program = next;
      if (stopping) await next.stop();
      else options.say(`${options.name} runs again`);
    } catch (error) {
      onCrash(error instanceof Error ? error.message : String(error));
    }
  };
  const endWith = async (end: () => Promise<void>): Promise<void> => {
    stopping = true;
    clearTimeout(timer);
    await end();
  };

  let program = await options.start(onCrash, undefined);
  return {
    get program() {
      return program;
    },
    stop: () => endWith(() => program.stop()),
    finish: () => endWith(() => program.finish()),
    kill: () => endWith(() => program.kill()),
  };
}
