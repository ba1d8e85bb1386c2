/** Broadcasters for tests and benches: real ffmpeg processes that push over real RTMP. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Encoder {
  readonly process: ChildProcess;
  /** What ffmpeg said so far. */
  readonly output: () => string;
  /** Ends as a person would: ffmpeg says FCUnpublish and deleteStream. */
  finish(): Promise<void>;
  /** Pulls the plug. */
  kill(): Promise<void>;
  readonly exited: Promise<number | null>;
}

const ffmpeg = process.env['FFMPEG'] ?? 'ffmpeg';

/** Picture and tone made on the fly; small and cheap. */
export const testPicture = (
  options: { readonly size?: string; readonly rate?: number; readonly keyFrames?: number } = {},
): readonly string[] => {
  const rate = options.rate ?? 30;
  return [
    ...['-re', '-f', 'lavfi', '-i', `testsrc2=size=${options.size ?? '640x360'}:rate=${rate}`],
    ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-tune',
      'zerolatency',
      '-pix_fmt',
      'yuv420p',
      '-b:v',
      '600k',
    ],
    ...['-g', String(options.keyFrames ?? rate), '-c:a', 'aac', '-b:a', '64k', '-ac', '2'],
  ];
};

/** A file that was encoded before, repeated without end: costs next to no CPU. */
export const loopedFile = (file: string): readonly string[] => [
  '-re',
  '-stream_loop',
  '-1',
  '-i',
  file,
  '-c',
  'copy',
];

export function startEncoder(
  target: string,
  input: readonly string[],
  stdin: 'ignore' | 'pipe' = 'ignore',
): Encoder {
  const child = spawn(ffmpeg, ['-hide_banner', '-loglevel', 'warning', ...input, '-f', 'flv', target], {
    stdio: [stdin, 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-4000);
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return {
    process: child,
    output: () => output,
    finish: () => end('SIGINT'),
    kill: () => end('SIGKILL'),
    exited,
  };
}
