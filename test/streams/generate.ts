import { spawn } from 'node:child_process';

/** A test stream as an encoder would send it. Made by ffmpeg when it is asked for; nothing is kept. */
export interface StreamDescription {
  readonly seconds: number;
  /** `320x180` unless said. */
  readonly size?: string;
  /** Frames a second, `30` or `30000/1001`; false: no picture. */
  readonly rate?: string | false;
  /** Sample rate of the tone; false: no sound. */
  readonly audioHz?: number | false;
  /** Key frame every so many frames. */
  readonly keyFrameEvery?: number;
  readonly bFrames?: number;
  /** A `select` expression for pictures: dropped frames make a variable frame rate. */
  readonly select?: string;
  /** White picture and beep for the first tenth of every second, otherwise black and silent. */
  readonly flashAndBeep?: boolean;
  /** More options for the video encoder, for example `['-profile:v', 'high444']`. */
  readonly videoOptions?: readonly string[];
}

/** The arguments between `ffmpeg` and the output, for callers that push it elsewhere, for example to RTMP. */
export function streamArguments(stream: StreamDescription): string[] {
  const { seconds, size = '320x180', rate = '30', audioHz = 44_100, keyFrameEvery = 60 } = stream;
  const flash = `color=black:s=${size}:r=${rate},drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'`;
  const beep = `aevalsrc='if(lt(mod(t,1),0.1),sin(2*PI*1000*t),0)':s=${audioHz}`;
  const select = stream.select === undefined ? '' : `,select='${stream.select}'`;
  const picture = stream.flashAndBeep === true ? flash : `testsrc2=s=${size}:r=${rate}`;
  const sound = stream.flashAndBeep === true ? beep : `sine=r=${audioHz}`;
  return [
    ['-hide_banner', '-v', 'error', '-nostdin', '-y'],
    rate === false ? [] : ['-f', 'lavfi', '-i', picture + select],
    audioHz === false ? [] : ['-f', 'lavfi', '-i', sound],
    ['-t', String(seconds)],
    rate === false
      ? []
      : [
          ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
          ['-bf', String(stream.bFrames ?? 0), '-vsync', 'passthrough'],
          ['-g', String(keyFrameEvery), '-keyint_min', String(keyFrameEvery), '-sc_threshold', '0'],
          ...(stream.videoOptions ?? []),
        ].flat(),
    audioHz === false ? [] : ['-c:a', 'aac', '-b:a', '96k', '-ac', '2'],
    ['-f', 'flv', '-flvflags', 'no_duration_filesize'],
  ].flat();
}

/** The stream as an FLV file. */
export async function generateFlv(stream: StreamDescription): Promise<Uint8Array> {
  return run('ffmpeg', [...streamArguments(stream), 'pipe:1']);
}

/** Runs a program to its end and gives what it wrote. */
export function run(program: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const output: Buffer[] = [];
    const errors: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(new Error(`${program} ended with ${code}: ${Buffer.concat(errors).toString()}`));
    });
  });
}
