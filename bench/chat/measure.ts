/** A server on one core, its viewers on the other. */
import { join } from 'node:path';
import type { CrowdFigures, CrowdQuestion } from './crowd.ts';
import { clientCore, serverCore, startPinned, type Pinned } from './pinned.ts';
import type { SubjectFigures, SubjectName, SubjectQuestion } from './subjects.ts';

export interface Crowd {
  ask<Answer>(question: CrowdQuestion): Promise<Answer>;
}

export interface Stage {
  readonly subject: { ask<Answer>(question: SubjectQuestion): Promise<Answer> };
  readonly crowd: Crowd;
  readonly address: { readonly port: number; readonly path: string };
  /** One more process of viewers, on the viewers' core. */
  another(name: 'crowd.ts' | 'stock-crowd.ts'): Promise<Pinned>;
  close(): Promise<void>;
}

const program = (name: string): string => join(import.meta.dirname, name);

export async function openStage(
  name: SubjectName,
  options: { readonly admitPerS?: number } = {},
): Promise<Stage> {
  const started: Pinned[] = [];
  const start = async (core: number, main: string, args: readonly string[]): Promise<Pinned> => {
    const made = await startPinned(core, main, args);
    started.push(made);
    return made;
  };
  const close = async (): Promise<void> => {
    await Promise.all(started.map((each) => each.stop()));
  };
  try {
    const subject = await start(serverCore, program('subjects.ts'), [name]);
    const crowd = await start(clientCore, program('crowd.ts'), []);
    const address = await subject.ask<Stage['address']>({ do: 'open', ...options });
    return { subject, crowd, address, another: (name) => start(clientCore, program(name), []), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export interface Measured {
  readonly server: SubjectFigures;
  readonly viewers: CrowdFigures;
}

/** What happens on the stage until `done`. */
export async function during(stage: Stage, done: () => Promise<unknown>): Promise<Measured> {
  await stage.subject.ask({ do: 'begin' });
  await stage.crowd.ask({ do: 'begin' });
  await done();
  // The server's end first: it stands for the time in which it worked, and viewers may still have to read.
  const server = await stage.subject.ask<SubjectFigures>({ do: 'end' });
  return { server, viewers: await stage.crowd.ask<CrowdFigures>({ do: 'end' }) };
}
