/** `npm start`: the whole platform on this machine. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultRungs } from '../core/media/ladder.ts';
import { parseRungs } from '../core/media/rungs.ts';
import { DataFolderBusyError } from './data.ts';
import { startPlatform, type Platform } from './platform.ts';

const help = `Tidecast on this machine: RTMP in, low-latency HLS, recordings and chat out.

  npm start [-- OPTIONS]

  --no-demo          no demo broadcast, and nobody who chats there
  --port N           pages and HLS on http://127.0.0.1:N     (default 8080)
  --rtmp-port N      RTMP server on 127.0.0.1:N              (default 1935)
  --ladder NAMES     renditions to make, e.g. 720p,360p      (default: by the number of cores)
                     of ${defaultRungs.map((rung) => rung.name).join(', ')},
                     or NAME:HEIGHT:VIDEO_KBPS, e.g. hd:900:4000
  --data FOLDER      where recordings, channels and keys are kept  (default .tidecast)
  --help             this text

Ctrl-C ends everything; the data stays. Logs of the programs are in FOLDER/logs.`;

/** Of a deployment it is 60; whoever tries it here wants to see the end. */
const drainS = 10;

/** Where `tidecast` looks too. */
const usualData = resolve(import.meta.dirname, '..', '.tidecast');

/** The command finds a platform by its data folder. */
const elsewhere = (data: string): string => (data === usualData ? '' : ` --data ${data}`);

function readArguments(): ReturnType<typeof parse> | undefined {
  try {
    return parse();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    return undefined;
  }
}

function parse(): {
  readonly help: boolean;
  readonly demo: boolean;
  readonly port: number;
  readonly rtmpPort: number;
  readonly ladder: string;
  readonly data: string;
} {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      help: { type: 'boolean', default: false },
      demo: { type: 'boolean', default: true },
      port: { type: 'string', default: '8080' },
      'rtmp-port': { type: 'string', default: '1935' },
      ladder: { type: 'string', default: ladderForCores(availableParallelism()) },
      data: { type: 'string', default: usualData },
    },
  });
  return {
    help: values.help,
    demo: values.demo,
    port: readPort('--port', values.port),
    rtmpPort: readPort('--rtmp-port', values['rtmp-port']),
    ladder: readLadder(values.ladder),
    data: resolve(values.data),
  };
}

/** A 720p30 encode at `veryfast` takes about one core (notes: measured); people also want to watch on this machine. */
function ladderForCores(cores: number): string {
  if (cores <= 2) return '720p,360p';
  return cores <= 4 ? '720p,480p,360p,160p' : '1080p,720p,480p,360p,160p';
}

function readLadder(text: string): string {
  try {
    parseRungs(text);
    return text;
  } catch (error) {
    throw new RangeError(`--ladder ${text}: ${error instanceof Error ? error.message : ''}`, {
      cause: error,
    });
  }
}

function readPort(option: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new RangeError(`${option} ${text}: must be a number from 0 to 65535`);
  return port;
}

/** 720p and 360p of the default ladder: 3.8 Mbps of video and sound. */
const demoHint = '  The demo is recorded as well, up to 1.7 GB an hour: --no-demo leaves it out.';

function greet(platform: Platform, options: ReturnType<typeof parse>): void {
  const lines = [
    '',
    `  Tidecast runs.  Ctrl-C ends it.`,
    '',
    `  Directory     ${platform.url}/`,
    ...(platform.demo === undefined
      ? []
      : [`  Demo          ${platform.url}/watch/${platform.demo.broadcastId}`]),
    `  Studio        ${platform.url}/studio`,
    `  Operations    ${platform.url}/ops   (sign in as operator)`,
    `  API           ${platform.url}/api/docs`,
    `  RTMP server   ${platform.rtmpUrl}   (make a channel in the studio to get a stream key)`,
    '',
    `  Fleet         ${platform.fleet.policy.hosts.min} to ${platform.fleet.policy.hosts.max} hosts; try: npx tidecast release${elsewhere(options.data)}`,
    `  Chat          shards ${platform.chat.shards.map(({ name }) => name).join(', ')}, two tasks and a Redis each; try: npx tidecast shards${elsewhere(options.data)}`,
    `  Renditions    ${options.ladder}`,
    `  Data          ${options.data}`,
    ...(platform.demo === undefined ? [] : ['', demoHint]),
    '',
  ];
  console.log(lines.join('\n'));
}

const options = readArguments();
if (options === undefined) process.exitCode = 2;
else if (options.help) console.log(help);
else {
  let platform: Platform | undefined;
  let stopping = false;
  let askedAt = 0;
  const stop = async (code: number): Promise<void> => {
    if (stopping) {
      // npm and tools/setup/run.mjs hand Ctrl-C on, the terminal sends it too: that is one wish, not two.
      if (performance.now() - askedAt < 1000) return;
      console.log('Ending at once.');
      await platform?.killAll();
      process.exit(1);
    }
    stopping = true;
    askedAt = performance.now();
    console.log('\nEnding …');
    await platform?.stop();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  try {
    platform = await startPlatform({
      ...options,
      ffmpeg: process.env['FFMPEG'] ?? 'ffmpeg',
      chat: {
        shards: ['a', 'b'],
        tasks: 2,
        drainS,
        redisServer: process.env['REDIS_SERVER'] ?? 'redis-server',
      },
      say: (text) => console.log(text),
    });
    if (!stopping) greet(platform, options);
  } catch (error) {
    if (!stopping) {
      const text = error instanceof Error ? error.message : String(error);
      console.error(error instanceof DataFolderBusyError ? text : `Tidecast could not start: ${text}`);
      process.exit(1);
    }
  }
}
