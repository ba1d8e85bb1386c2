import { startEncoder, type Encoder } from '../../test/support/encoder.ts';
import { drawTimecode } from './timecode.ts';

/** A camera whose every frame carries the time at which it was taken, encoded and pushed as OBS would. */
export function startTimecodeSource(
  target: string,
  picture: { readonly width: number; readonly height: number; readonly rate: number },
): Encoder {
  const { width, height, rate } = picture;
  const encoder = startEncoder(
    target,
    [
      ...['-fflags', 'nobuffer', '-probesize', '32', '-f', 'rawvideo', '-pix_fmt', 'gray'],
      ...['-video_size', `${width}x${height}`, '-framerate', String(rate), '-i', 'pipe:0'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
      // Key frames each 2 s, as OBS is told to: nginx-rtmp cuts its 2 s fragments there.
      ...['-b:v', '2000k', '-maxrate', '2000k', '-bufsize', '2000k', '-g', String(rate * 2)],
      ...['-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-flush_packets', '1'],
    ],
    'pipe',
  );
  const stdin = encoder.process.stdin;
  if (stdin === null) throw new Error('the encoder has no stdin');
  stdin.on('error', () => {});

  const frame = new Uint8Array(width * height).fill(90);
  const startMs = performance.now();
  let count = 0;
  const timer = setInterval(
    () => {
      // As many frames as the clock says, so that a late timer does not slow the stream down.
      const due = Math.floor(((performance.now() - startMs) * rate) / 1000);
      for (; count < due; count++) {
        moveBar(frame, width, height, count);
        drawTimecode(frame, width, height, Date.now());
        stdin.write(Buffer.from(frame));
      }
    },
    1000 / rate / 4,
  );
  void encoder.exited.then(() => clearInterval(timer));
  return encoder;
}

/** Something that moves, so that x264 has work to do. */
function moveBar(frame: Uint8Array, width: number, height: number, count: number): void {
  const top = Math.floor(height * 0.3);
  const barWidth = 40;
  const previous = ((count - 1) * 7) % (width - barWidth);
  const next = (count * 7) % (width - barWidth);
  for (let y = top; y < height; y++) {
    frame.fill(90, y * width + Math.max(0, previous), y * width + Math.max(0, previous) + barWidth);
    frame.fill(200 - ((y * 5) % 100), y * width + next, y * width + next + barWidth);
  }
}
