import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The demo could not push its picture; the text says what ffmpeg said. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

export interface DemoOptions {
  readonly ffmpeg: string;
  readonly rtmpUrl: string;
  /** Secret: goes to ffmpeg's arguments only. */
  readonly streamKey: string;
  readonly onProblem: (text: string) => void;
}

export interface Demo {
  stop(): Promise<void>;
}

/** After a failure ffmpeg is started again; five seconds as OBS waits at first. */
const retryAfterMs = 5_000;

/**
 * A broadcaster for the first look: a moving test picture with a running clock and a tone that changes each
 * second, made by ffmpeg and pushed over real RTMP, as OBS would. testsrc2 draws its digits itself, so that
 * no font has to be on the machine.
 */
export const demoArguments = (target: string): readonly string[] => [
  ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-re'],
  ...['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=30'],
  ...['-f', 'lavfi', '-i', 'aevalsrc=0.1*sin(2*PI*t*(330+110*mod(floor(t)\\,4))):s=48000'],
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
  ...['-b:v', '1500k', '-maxrate', '1500k', '-bufsize', '1500k', '-g', '60', '-bf', '0'],
  ...['-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-f', 'flv', target],
];

export function startDemo(options: DemoOptions): Demo {
  let child: ChildProcess | undefined;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;

  const push = (): void => {
    const running = spawn(options.ffmpeg, demoArguments(`${options.rtmpUrl}/${options.streamKey}`), {
      stdio: ['ignore', 'ignore', 'pipe'],
      // Ctrl-C reaches the terminal's whole group: a second SIGINT, from stop(), would make ffmpeg hang up
      // without deleteStream. It can't be left behind: without the RTMP server it ends by itself.
      detached: true,
    });
    child = running;
    let said = '';
    running.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-500);
    });
    const again = (): void => {
      if (stopping) return;
      // ffmpeg repeats its target, and with it the key, in its messages.
      options.onProblem(
        `the demo's ffmpeg ended; starting it again. ${said.replaceAll(options.streamKey, '…').trim()}`,
      );
      timer = setTimeout(push, retryAfterMs);
    };
    running.once('error', again);
    running.once('exit', again);
  };

  push();
  return {
    stop: async () => {
      stopping = true;
      clearTimeout(timer);
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      // SIGINT lets ffmpeg say FCUnpublish and deleteStream: the show ends cleanly and its recording is whole.
      child.kill('SIGINT');
      const hard = setTimeout(() => child?.kill('SIGKILL'), 3_000);
      await exited;
      clearTimeout(hard);
    },
  };
}
