/**
 * Glass to glass: from a time code drawn into the frames to its appearance in headless Chromium on the
 * watch page; then the same camera, encoder and method against nginx-rtmp.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startBrowser } from '../test/support/browser.ts';
import { startTestPlatform, until } from '../test/support/platform.ts';
import { measure, percentile, type Measured } from './latency/measure.ts';
import { startPeer } from './latency/peer.ts';
import { startTimecodeSource } from './latency/source.ts';

const picture = { width: 1280, height: 720, rate: 30 } as const;
const ladder = '720p,360p';
/**
 * Viewers come in the middle of a show: by then both playlists are as long as they get (the peer's 20 s).
 * A player that finds one fragment only starts closer to the edge than it ever would again.
 */
const showRunsS = 24;
/** Players need a while to find their place behind the live edge. */
const settleS = 12;

async function measureTidecast(seconds: number): Promise<Measured> {
  const platform = await startTestPlatform({ ladder, x264Preset: 'veryfast' });
  const browser = await startBrowser();
  try {
    const channel = await platform.newChannel('Latency');
    const encoder = startTimecodeSource(channel.target, picture);
    try {
      const { broadcast } = await channel.live();
      await delay(showRunsS * 1000);
      const page = await browser.context.newPage();
      await page.goto(`${platform.url}/watch/${broadcast.broadcastId}`);
      await page.waitForSelector('video');
      await page.waitForTimeout(settleS * 1000);
      const measured = await measure(page, seconds);
      const state = await page.evaluate(() =>
        JSON.stringify(document.querySelector<HTMLElement>('[data-player]')?.dataset),
      );
      console.log(`  Tidecast's player at the end: ${state}`);
      return measured;
    } finally {
      await encoder.kill();
    }
  } finally {
    await browser.close();
    await platform.remove();
  }
}

async function measurePeer(seconds: number): Promise<Measured> {
  const peer = await startPeer();
  const browser = await startBrowser();
  try {
    console.log(`  peer: ${peer.version}, hls.js with its defaults`);
    const encoder = startTimecodeSource(peer.target, picture);
    try {
      await until('the peer has fragments', async () =>
        (await fetch(peer.playlistUrl)).ok ? true : undefined,
      );
      await delay(showRunsS * 1000);
      const page = await browser.context.newPage();
      await page.goto(peer.pageUrl);
      await page.waitForTimeout(settleS * 1000);
      return await measure(page, seconds);
    } finally {
      await encoder.kill();
    }
  } finally {
    await browser.close();
    await peer.stop();
  }
}

function row(name: string, measured: Measured): string {
  const sorted = [...measured.latenciesMs].sort((a, b) => a - b);
  const cells = [percentile(sorted, 0.5), percentile(sorted, 0.95), sorted.at(-1) ?? Number.NaN];
  return [
    name.padEnd(12),
    ...cells.map((ms) => `${Math.round(ms)} ms`.padStart(10)),
    String(measured.stalls).padStart(8),
    String(sorted.length).padStart(9),
    String(measured.unreadable).padStart(11),
  ].join('');
}

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({ args: [...args], options: { seconds: { type: 'string', default: '60' } } });
  const seconds = Number(values.seconds);
  console.log(
    `glass to glass, ${picture.width}x${picture.height} at ${picture.rate} fps, renditions ${ladder}, ${seconds} s each`,
  );
  const ours = await measureTidecast(seconds);
  const peer = await measurePeer(seconds);
  console.log(`\n${' '.repeat(12)}       p50       p95       max  stalls   frames unreadable`);
  console.log(row('Tidecast', ours));
  console.log(row('nginx-rtmp', peer));
  const sorted = [...ours.latenciesMs].sort((a, b) => a - b);
  const peerSorted = [...peer.latenciesMs].sort((a, b) => a - b);
  const p50 = percentile(sorted, 0.5);
  const peerP50 = percentile(peerSorted, 0.5);
  return {
    p50_ms: Math.round(p50),
    p95_ms: Math.round(percentile(sorted, 0.95)),
    stalls: ours.stalls,
    peer_p50_ms: Math.round(peerP50),
    ratio: Math.round((p50 / peerP50) * 1000) / 1000,
  };
}
