/**
 * One channel, thousands of viewers, a thousand messages a second: how much one core delivers, beside Socket.IO's
 * own way and beside plain writes, in the same run.
 */
import { parseArgs } from 'node:util';
import { broadcastId } from '../test/containers/chat/harness.ts';
import { sleep } from './chat/clock.ts';
import { during, openStage, type Measured } from './chat/measure.ts';
import type { SubjectName } from './chat/subjects.ts';

interface Load {
  readonly viewers: number;
  readonly perS: number;
  readonly messageBytes: number;
  readonly seconds: number;
  readonly deflate: boolean;
}

const warmUpMs = 3_000;

async function measure(name: SubjectName, load: Load): Promise<Measured> {
  const stage = await openStage(name);
  try {
    await stage.crowd.ask({
      do: 'join',
      ...stage.address,
      auth: { broadcast: broadcastId },
      viewers: load.viewers,
      deflate: load.deflate,
    });
    await stage.subject.ask({ do: 'speak', perS: load.perS, messageBytes: load.messageBytes });
    await sleep(warmUpMs);
    const measured = await during(stage, () => sleep(load.seconds * 1_000));
    if (measured.viewers.lost > 0) throw new Error(`${measured.viewers.lost} viewers of ${name} were lost`);
    return measured;
  } finally {
    await stage.close();
  }
}

const perCpuS = (count: number, { server }: Measured): number => count / (server.cpuMs / 1_000);
const row = (name: string, measured: Measured): string => {
  const { server, viewers } = measured;
  return [
    name.padEnd(22),
    `${(viewers.messages / server.wallMs / 1_000).toFixed(2).padStart(7)} M/s`,
    `${((100 * server.cpuMs) / server.wallMs).toFixed(0).padStart(4)} % CPU`,
    `${(perCpuS(viewers.frames, measured) / 1_000).toFixed(0).padStart(5)} k frames/CPU s`,
    `p50 ${viewers.p50Ms.toFixed(0)} ms, p99 ${viewers.p99Ms.toFixed(0)} ms`,
    `viewers' core ${((100 * viewers.cpuMs) / server.wallMs).toFixed(0)} %`,
  ].join('  ');
};

export async function run(args: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      viewers: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '1000' },
      bytes: { type: 'string', default: '160' },
      seconds: { type: 'string', default: '8' },
    },
  });
  const load: Load = {
    viewers: Number(values.viewers),
    perS: Number(values.rate),
    messageBytes: Number(values.bytes),
    seconds: Number(values.seconds),
    deflate: false,
  };
  console.log(
    `${load.viewers} viewers of one channel, ${load.perS} messages/s of ${load.messageBytes} bytes`,
  );
  const tell = (name: string, measured: Measured): Measured => {
    console.log(row(name, measured));
    return measured;
  };
  const raw = tell('plain writes', await measure('raw', load));
  const ours = tell('ours', await measure('ours', load));
  const deflated = tell('ours, deflated', await measure('ours', { ...load, deflate: true }));
  const byDefault = tell('Socket.IO by default', await measure('default', load));
  // Compressed messages can't be counted by a byte: every viewer had the same frames, none was lost.
  const deflatedMessages = deflated.server.said * load.viewers;
  const delivered = perCpuS(ours.viewers.messages, ours);
  const deliveredByDefault = perCpuS(byDefault.viewers.messages, byDefault);
  const frames = perCpuS(ours.viewers.frames, ours);
  const rawFrames = perCpuS(raw.viewers.frames, raw);
  return {
    delivered_per_cpu_s: Math.round(delivered),
    frames_per_cpu_s: Math.round(frames),
    p99_ms: Math.round(ours.viewers.p99Ms),
    cpu: round(ours.server.cpuMs / ours.server.wallMs),
    socketio_default_delivered_per_cpu_s: Math.round(deliveredByDefault),
    raw_write_frames_per_cpu_s: Math.round(rawFrames),
    vs_default: round(delivered / deliveredByDefault),
    vs_raw: round(frames / rawFrames),
    bytes_per_message: round(ours.viewers.bytes / ours.viewers.messages),
    deflated_bytes_per_message: round(deflated.viewers.bytes / deflatedMessages),
    deflated_cpu: round(deflated.server.cpuMs / deflated.server.wallMs),
  };
}

const round = (value: number): number => Math.round(value * 100) / 100;
