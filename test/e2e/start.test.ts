import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChatView } from '../../core/api/chat.ts';
import type { Directory } from '../../core/api/types.ts';
import { ChatViewer } from '../support/chat/viewer.ts';
import { until } from '../support/platform.ts';
import { descendantsOf, isRunning } from '../support/processes.ts';

const root = join(import.meta.dirname, '..', '..');

interface Started {
  readonly npm: ChildProcess;
  readonly output: () => string;
  readonly url: string;
  readonly pids: readonly number[];
  readonly exited: Promise<unknown>;
}

/** `npm start` as a person runs it, in a process group of its own as a terminal would make. */
async function npmStart(data: string, ...options: readonly string[]): Promise<Started> {
  const npm = spawn(
    'npm',
    ['start', '--', '--port', '0', '--rtmp-port', '0', '--ladder', '160p', '--data', data, ...options],
    { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let output = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = once(npm, 'exit');
  const url = await until(
    'npm start prints its addresses',
    () => {
      if (npm.exitCode !== null) throw new Error(`npm start ended: ${output}`);
      return Promise.resolve(/Directory\s+(http:\S+?)\/\n/.exec(output)?.[1]);
    },
    90_000,
  );
  const pids = [npm.pid ?? 0, ...descendantsOf(npm.pid ?? 0).map((process) => process.pid)];
  return { npm, output: () => output, url, pids, exited };
}

const gone = (pids: readonly number[]): Promise<true> =>
  until('every process has ended', () => Promise.resolve(pids.some(isRunning) ? undefined : true), 20_000);

const directory = async (url: string): Promise<Directory> =>
  (await (await fetch(`${url}/api/directory`)).json()) as Directory;

/** As somebody hears it who opens the page of the demo. */
async function somebodySpeaks(url: string): Promise<void> {
  const [show] = (await directory(url)).live;
  const broadcastId = show?.broadcastId ?? '';
  const answer = await fetch(`${url}/api/broadcasts/${broadcastId}/chat`);
  const { path = '' } = (await answer.json()) as ChatView;
  const viewer = new ChatViewer({ url, path, broadcastId, transport: 'websocket' });
  await until('somebody speaks', () => Promise.resolve(viewer.shown.length > 0 ? true : undefined));
  viewer.close();
}

describe('npm start', () => {
  let data: string;
  beforeAll(async () => {
    data = await mkdtemp(join(tmpdir(), 'tidecast-start-'));
  });
  afterAll(() => rm(data, { recursive: true, force: true, maxRetries: 5 }));

  it('runs a demo broadcast in which people chat, and leaves nothing running after Ctrl-C', async () => {
    const started = await npmStart(data);
    expect((await directory(started.url)).live).toMatchObject([
      { channelName: 'Tidecast demo', state: 'live' },
    ]);
    expect((await fetch(`${started.url}/studio`)).status).toBe(200);
    const names = descendantsOf(started.npm.pid ?? 0).map(({ name }) => name);
    expect(names.filter((name) => /redis|valkey/.test(name))).toHaveLength(2);
    await somebodySpeaks(started.url);
    // What a terminal does: SIGINT to the whole group.
    process.kill(-(started.npm.pid ?? 0), 'SIGINT');
    await started.exited;
    await gone(started.pids);
    expect(started.output()).toContain('Ending');
  });

  it('has its data at the next start: the demo of before is a recording; --no-demo leaves it out', async () => {
    const started = await npmStart(data, '--no-demo');
    const now = await directory(started.url);
    expect(now.live).toEqual([]);
    expect(now.recordings).toMatchObject([{ channelName: 'Tidecast demo', state: 'ended' }]);
    process.kill(started.npm.pid ?? 0, 'SIGTERM');
    await started.exited;
    await gone(started.pids);
  });

  it('leaves nothing running when npm is killed without a word', async () => {
    const started = await npmStart(data, '--no-demo');
    process.kill(started.npm.pid ?? 0, 'SIGKILL');
    await gone(started.pids);
  });

  it('refuses a folder that another platform uses, and names the way out', async () => {
    const started = await npmStart(data, '--no-demo');
    await expect(npmStart(data, '--no-demo')).rejects.toThrow(/in use by the process \d+.*--data/s);
    process.kill(-(started.npm.pid ?? 0), 'SIGINT');
    await gone(started.pids);
  });

  it('explains itself, and a bad option', async () => {
    const run = async (
      ...args: readonly string[]
    ): Promise<{ readonly code: number; readonly output: string }> => {
      const npm = spawn('npm', ['start', '--silent', '--', ...args], {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [npm.stdout, npm.stderr])
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      const [code] = (await once(npm, 'close')) as [number];
      return { code, output };
    };
    expect(await run('--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining('--no-demo') as string,
    });
    const bad = await run('--port', 'abc');
    expect(bad.code).not.toBe(0);
    expect(bad.output).toContain('--port abc: must be a number from 0 to 65535');
    const ladder = await run('--ladder', '999p');
    expect(ladder).toMatchObject({
      code: 2,
      output: expect.stringContaining("'999p': one of 1080p") as string,
    });
    const nowhere = await run('--data', join(data, 'no', 'such', 'folder'));
    expect(nowhere.code).not.toBe(0);
    expect(nowhere.output).toContain('its parent has to exist');
  });
});
