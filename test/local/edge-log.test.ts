import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEdgeLog, type EdgeLog } from '../../local/edge-log.ts';

let folder: string;
let file: string;
let nowMs: number;
let said: string[];
let edge: EdgeLog;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidecast-edge-log-'));
  file = join(folder, 'edge.log');
  nowMs = 0;
  said = [];
  edge = openEdgeLog({ file, say: (text) => said.push(text), steady: () => nowMs });
});
afterEach(async () => {
  edge.end();
  await rm(folder, { recursive: true });
});

const fail = (message = 'connect ECONNREFUSED 127.0.0.1:1'): void =>
  edge.log.warn({ route: 'api', path: '/api/directory', err: new Error(message) }, 'origin failed');
const lines = async (): Promise<readonly string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split('\n').slice(0, -1);

describe('the log of the edge', () => {
  it('says trouble in one short line, at most once a second, and how often it was', () => {
    for (let n = 0; n < 30; n += 1) fail();
    expect(said).toEqual([
      `The edge: api: origin failed, connect ECONNREFUSED 127.0.0.1:1; all of it: ${file}`,
    ]);
    nowMs = 999;
    fail();
    expect(said).toHaveLength(1);
    nowMs = 1_000;
    fail();
    expect(said[1]).toBe(
      'The edge: api: origin failed, connect ECONNREFUSED 127.0.0.1:1 (and 30 more times)',
    );
    nowMs = 5_000;
    fail();
    expect(said[2]).not.toContain('more times');
  });

  it('says no stack, no second line and no long story', () => {
    fail(`one\n\u001b[31mtwo${'x'.repeat(1_000)}`);
    expect(said).toHaveLength(1);
    expect(said[0]).not.toMatch(/\p{Cc}|edge-log\.test/u);
    expect(said[0]?.length).toBeLessThan(140 + file.length);
  });

  it('has all of it in the file, stacks too', async () => {
    for (let n = 0; n < 3; n += 1) fail();
    await expect.poll(lines).toHaveLength(3);
    const entry = JSON.parse((await lines())[0] ?? '') as { err: { stack: string }; path: string };
    expect(entry.path).toBe('/api/directory');
    expect(entry.err.stack).toContain('edge-log.test');
  });

  it('keeps what is no trouble off the terminal', async () => {
    edge.log.info('fine');
    await expect.poll(lines).toHaveLength(1);
    expect(said).toEqual([]);
  });
});
