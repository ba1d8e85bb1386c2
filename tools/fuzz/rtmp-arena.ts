import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type VictimStats, witnessKey } from './rtmp-victim.ts';

/** A server in a child process, with a real ffmpeg publishing to it all the time. */
export interface Arena {
  readonly port: number;
  readonly stats: () => Promise<VictimStats>;
  /** False once the server's process is gone. */
  readonly alive: () => boolean;
  readonly close: () => Promise<void>;
}

export async function openArena(): Promise<Arena> {
  const victim = fork(fileURLToPath(new URL('rtmp-victim.ts', import.meta.url)), { execArgv: [] });
  const port = await portOf(victim);
  const witness = publishWitness(port);
  const exited = once(victim, 'exit').then((): [] => []);
  const alive = (): boolean => victim.exitCode === null && victim.signalCode === null;
  const stats = async (): Promise<VictimStats> => {
    if (!alive()) throw new Error('the server died');
    const answer = once(victim, 'message');
    victim.send('stats');
    const [told] = (await Promise.race([answer, exited])) as [VictimStats?];
    if (told === undefined) throw new Error('the server died');
    return told;
  };
  // The witness publishes before the attack begins.
  while ((await stats()).witnessMessages === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  return {
    port,
    alive,
    stats,
    close: async () => {
      witness.kill('SIGKILL');
      if (!alive()) return;
      victim.disconnect();
      await exited;
    },
  };
}

async function portOf(victim: ChildProcess): Promise<number> {
  const [told] = (await once(victim, 'message')) as [{ readonly port: number }];
  return told.port;
}

/** 30 small frames a second and sound, until killed. */
const publishWitness = (port: number): ChildProcess =>
  spawn(
    'ffmpeg',
    // prettier-ignore
    ['-hide_banner', '-nostdin', '-loglevel', 'quiet', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30',
      '-re', '-f', 'lavfi', '-i', 'sine=sample_rate=44100', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency',
      '-g', '30', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-f', 'flv', `rtmp://127.0.0.1:${port}/live/${witnessKey}`],
    { stdio: 'ignore' },
  );
