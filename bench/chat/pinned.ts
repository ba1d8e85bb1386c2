/** Programs of a bench, each on a core of its own, so that nobody's load is anybody's else figure. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';

export interface Pinned {
  readonly pid: number;
  /** Asks and waits for the answer; one question at a time. */
  ask<Answer>(question: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** A program of the bench ended by itself, or said that it can't go on. */
export class PinnedError extends Error {
  override readonly name = 'PinnedError';
}

export const serverCore = 0;
export const clientCore = 1;

/** @param main absolute path of a module that answers questions with `answerQuestions`. */
export async function startPinned(core: number, main: string, args: readonly string[]): Promise<Pinned> {
  if (availableParallelism() < 2)
    throw new PinnedError('server and client need a core each: this machine has one');
  const child = spawn('taskset', ['-c', String(core), process.execPath, '--expose-gc', main, ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit').then(([code, signal]): never => {
    throw new PinnedError(`${main} ended by itself (${String(signal ?? code)})`);
  });
  gone.catch(() => undefined);
  const failed = once(child, 'error').then(([cause]): never => {
    throw new PinnedError('could not start taskset (Debian package util-linux)', { cause });
  });
  failed.catch(() => undefined);
  const answer = async (): Promise<unknown> => {
    const [said] = (await Promise.race([once(child, 'message'), gone, failed])) as [
      { readonly answer?: unknown; readonly failed?: string },
    ];
    if (said.failed !== undefined) throw new PinnedError(said.failed);
    return said.answer;
  };
  await answer();
  return {
    pid: child.pid ?? 0,
    async ask<Answer>(question: object): Promise<Answer> {
      const answered = answer();
      child.send(question);
      return (await answered) as Answer;
    },
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** The program's side. A handler that fails ends the bench. */
export function answerQuestions(handle: (question: never) => unknown): void {
  process.on('message', (said) => {
    // Whoever asks is this bench: it knows what may be asked.
    const question = said as never;
    Promise.resolve()
      .then(() => handle(question))
      .then(
        (answer) => process.send?.({ answer: answer ?? null }),
        (error: unknown) =>
          process.send?.({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
      );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ answer: 'ready' });
}
