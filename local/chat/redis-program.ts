/**
 * A shard's Redis, as a program like the others: it tells when it serves, ends when whoever started it does
 * (redis-server alone would outlive a starter that is killed), and ends itself when Redis ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { announceReady } from '../../runtime/lifecycle/ready.ts';
import { onShutdown } from '../../runtime/lifecycle/shutdown.ts';
import { endLeftover, noteRedis } from './redis-note.ts';

/** Far more than two shards' shows need (500 messages a channel); a machine with others on it is not to be filled. */
const maxMemory = '256mb';
const triesEveryMs = 20;

const { REDIS_SERVER: program = 'redis-server', REDIS_PORT: port, REDIS_FOLDER: folder } = process.env;
if (port === undefined || folder === undefined) throw new Error('REDIS_PORT and REDIS_FOLDER are not set');

const accepts = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });

await endLeftover(folder);
// What has to last is in the tables. Full, it refuses writes rather than forget what people rely on.
const settings = [
  `port ${port}`,
  'bind 127.0.0.1',
  "save ''",
  'appendonly no',
  `maxmemory ${maxMemory}`,
  'maxmemory-policy noeviction',
];
const redis = spawn(program, ['-'], { cwd: folder, stdio: ['pipe', 'inherit', 'inherit'] });
redis.on('error', (error) => {
  console.error(`${program}: ${error.message}`);
  process.exit(1);
});
redis.on('exit', () => process.exit(1));
redis.stdin.end(`${settings.join('\n')}\n`);
onShutdown(async () => {
  redis.removeAllListeners('exit');
  if (redis.exitCode !== null || redis.signalCode !== null) return;
  const gone = once(redis, 'exit');
  // It has nothing to save, and a frozen one hears no other signal.
  redis.kill('SIGKILL');
  await gone;
});
while (!(await accepts())) await new Promise((resolve) => setTimeout(resolve, triesEveryMs));
noteRedis(folder, { pid: redis.pid ?? 0, port: Number(port) });
announceReady({ redis: Number(port) });
