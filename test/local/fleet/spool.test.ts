import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adoptSpools, forgetHostFolder, spoolOf } from '../../../local/fleet/spool.ts';

describe('the spools of hosts', () => {
  let fleetFolder: string;
  beforeEach(() => {
    fleetFolder = mkdtempSync(join(tmpdir(), 'tidecast-spools-'));
  });
  afterEach(() => rmSync(fleetFolder, { recursive: true, force: true }));

  const put = (hostId: string, file: string, text = hostId): void => {
    const path = join(spoolOf(fleetFolder, hostId), file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const read = (hostId: string, file: string): string =>
    readFileSync(join(spoolOf(fleetFolder, hostId), file), 'utf8');

  it('of hosts that are no more fall to the next one, also when they hold parts of one broadcast', async () => {
    put('host-1', 'show/360p/1_1-1.m4s');
    put('host-1', 'show/360p/1-1-init.mp4');
    put('host-2', 'show/360p/2_2-1.m4s');
    put('host-2', 'other/160p/1_1-1.m4s');
    expect(await adoptSpools({ fleetFolder, hostId: 'host-3', living: new Set(['host-3']) })).toBe(2);
    expect(read('host-3', 'show/360p/1_1-1.m4s')).toBe('host-1');
    expect(read('host-3', 'show/360p/1-1-init.mp4')).toBe('host-1');
    expect(read('host-3', 'show/360p/2_2-1.m4s')).toBe('host-2');
    expect(read('host-3', 'other/160p/1_1-1.m4s')).toBe('host-2');
    expect(readdirSync(fleetFolder)).toEqual(['host-3']);
  });

  it('of hosts that live are theirs', async () => {
    put('host-1', 'show/360p/1_1-1.m4s');
    expect(await adoptSpools({ fleetFolder, hostId: 'host-2', living: new Set(['host-1', 'host-2']) })).toBe(
      0,
    );
    expect(read('host-1', 'show/360p/1_1-1.m4s')).toBe('host-1');
  });

  it('are removed with their host when nothing is in them', async () => {
    put('host-1', 'show/360p/x');
    rmSync(join(spoolOf(fleetFolder, 'host-1'), 'show/360p/x'));
    await forgetHostFolder(fleetFolder, 'host-1');
    expect(existsSync(join(fleetFolder, 'host-1'))).toBe(false);
    await forgetHostFolder(fleetFolder, 'host-1');
  });

  it('stay when something is in them', async () => {
    put('host-1', 'show/360p/1_1-1.m4s');
    await forgetHostFolder(fleetFolder, 'host-1');
    expect(read('host-1', 'show/360p/1_1-1.m4s')).toBe('host-1');
  });
});
