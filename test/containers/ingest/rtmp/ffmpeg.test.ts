import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../containers/ingest/rtmp/limits.ts';
import { goodKey, type Harness, makeCertificate, startHarness } from './harness.ts';

let harness: Harness | undefined;
afterEach(async () => {
  await harness?.close();
  harness = undefined;
});

interface Push {
  readonly url: string;
  readonly video?: readonly string[];
  readonly audio?: readonly string[];
  readonly input?: readonly string[];
  readonly before?: readonly string[];
}

const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-g', '30'];
const aac = ['-c:a', 'aac'];

/** Pushes two seconds of picture and tone as fast as they can be made; answers exit code and what ffmpeg said. */
async function push({ url, video = h264, audio = aac, input = [], before = [] }: Push) {
  // prettier-ignore
  const ffmpeg = spawn('ffmpeg', ['-hide_banner', '-nostdin', '-loglevel', 'info',
    ...input, '-f', 'lavfi', '-i', 'testsrc2=size=160x90:rate=30', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100',
    '-t', '2', ...video, '-pix_fmt', 'yuv420p', ...audio, '-f', 'flv', ...before, url]);
  const said: string[] = [];
  ffmpeg.stderr.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  const [code] = (await once(ffmpeg, 'close')) as [number];
  return { code, said: said.join('') };
}

const url = (port: number, key: string): string => `rtmp://127.0.0.1:${port}/live/${key}`;

describe('ffmpeg', () => {
  it('publishes H.264 and AAC over RTMP and ends cleanly', async () => {
    harness = await startHarness();
    const { code, said } = await push({ url: url(harness.port, goodKey) });
    expect(code, said).toBe(0);
    const [session] = harness.sessions;
    expect(await session?.sink.end()).toBe('finished');
    expect(session?.request).toMatchObject({
      app: 'live',
      publishingName: goodKey,
      remoteAddress: '127.0.0.1',
    });
    expect(session?.request.encoder).toContain('Lavf');
    expect(session?.sink.count('video')).toBe(60 + 2); // frames, sequence header, end of sequence
    expect(session?.sink.count('audio')).toBeGreaterThan(80);
    expect(session?.sink.count('data')).toBeGreaterThan(0);
    const stamps =
      session?.sink.messages.filter(({ kind }) => kind === 'video').map((m) => m.timestampMs) ?? [];
    expect(stamps).toStrictEqual(stamps.toSorted((a, b) => a - b));
    expect(Math.max(...stamps)).toBeGreaterThan(1_900);
    expect(harness.logged()).not.toContain(goodKey);
  });

  it('publishes over RTMPS', async () => {
    harness = await startHarness({ tls: { port: 0, ...makeCertificate() } });
    const target = url(harness.server.tlsPort ?? 0, goodKey).replace('rtmp:', 'rtmps:');
    const { code, said } = await push({ url: target, before: ['-tls_verify', '0'] });
    expect(code, said).toBe(0);
    const [session] = harness.sessions;
    expect(await session?.sink.end()).toBe('finished');
    expect(session?.sink.count('video')).toBe(62);
  });

  it('is refused with a wrong key, is told why and fails', async () => {
    harness = await startHarness();
    const { code, said } = await push({ url: url(harness.port, 'wrong') });
    expect(code).not.toBe(0);
    expect(said).toContain('Unknown stream key.');
    expect(harness.events).toContainEqual({ kind: 'refused', reason: 'unauthorised' });
  });

  it.each([
    { codec: 'Sorenson H.263', video: ['-c:v', 'flv1'], audio: aac, says: 'set H.264 in the encoder' },
    { codec: 'MP3', video: h264, audio: ['-c:a', 'libmp3lame'], says: 'set AAC in the encoder' },
  ])('is refused with $codec and told what to set', async ({ codec, video, audio, says }) => {
    // In real time, and with as long to read the answer as in production, so that ffmpeg is still there to do it.
    harness = await startHarness({ limits: { lingerMs: defaultLimits.lingerMs } });
    const { code, said } = await push({ url: url(harness.port, goodKey), video, audio, input: ['-re'] });
    expect(code).not.toBe(0);
    expect(said).toContain(`${codec} is not supported: ${says}`);
    const [session] = harness.sessions;
    expect(await session?.sink.end()).toBe('violation');
    expect(harness.logged()).toContain(`${codec} is not supported: ${says}`);
  });
});
