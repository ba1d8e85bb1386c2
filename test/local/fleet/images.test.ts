import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openImages } from '../../../local/fleet/images.ts';

describe('the images of this machine', () => {
  let folder: string;
  const clock = { now: () => 1_000 };
  const open = (): ReturnType<typeof openImages> => openImages({ file: join(folder, 'images.json'), clock });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidecast-images-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('begin with one that serves', () => {
    const images = open();
    expect(images.released).toMatchObject({ pushedAt: 1_000, broken: false });
    expect(images.released.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('have another digest after every push, and keep the ones before', () => {
    const images = open();
    const first = images.released;
    const second = images.push({ broken: true });
    expect(second.digest).not.toBe(first.digest);
    expect(images.released).toEqual(second);
    expect(images.find(first.digest)).toEqual(first);
    expect(images.find('sha256:other')).toBeUndefined();
  });

  it('are the same ones after a restart', () => {
    const before = open();
    const first = before.released;
    const second = before.push({ broken: true });
    const after = open();
    expect(after.released).toEqual(second);
    expect(after.find(first.digest)).toEqual(first);
  });

  it('can be released again, and only when they are there', () => {
    const images = open();
    const first = images.released;
    images.push({ broken: true });
    images.tag(first.digest);
    expect(images.released).toEqual(first);
    expect(open().released).toEqual(first);
    expect(() => images.tag('sha256:other')).toThrow(RangeError);
  });

  it.each([
    '',
    'null',
    '{}',
    '[1]',
    '{"released":"x","images":[{"digest":"x","pushedAt":1,"broken":false}]}',
  ])('begin anew when their file holds %j', (text) => {
    writeFileSync(join(folder, 'images.json'), text);
    expect(open().released.broken).toBe(false);
  });

  it('are kept in bounds, the released one among them', () => {
    const images = open();
    const first = images.released;
    for (let push = 0; push < 30; push += 1) images.push({ broken: false });
    expect(images.find(first.digest)).toBeUndefined();
    expect(images.find(images.released.digest)).toBeDefined();
  });
});
