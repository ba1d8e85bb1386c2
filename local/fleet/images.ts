import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ReleaseFact } from '../../core/fleet/snapshot.ts';

/** An image as the fleet's hosts can run it. */
export interface Image {
  readonly digest: string;
  readonly pushedAt: number;
  /** Its tasks run and never serve. */
  readonly broken: boolean;
}

/** The registry: what has been pushed, and what stands behind the release tag. */
export interface Images {
  readonly released: Image;
  find(digest: string): Image | undefined;
  /** `docker image push` under the release tag. */
  push(image: { readonly broken: boolean }): Image;
}

/** Old images are kept, so that the fleet can go back to one that served; more than this nobody has seen. */
const keptImages = 20;

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * Images of this machine: all are the program in this checkout, told apart by their digest. They are kept in
 * a file, so that a restart of the platform goes on with what was released.
 */
export function openImages(options: {
  readonly file: string;
  readonly clock: { now(): number };
  readonly random?: (size: number) => Uint8Array;
}): Images {
  const { file, clock, random = randomBytes } = options;
  let images = readImages(file);

  const push = ({ broken }: { readonly broken: boolean }): Image => {
    const digest = `sha256:${Buffer.from(random(32)).toString('hex')}`;
    const image: Image = { digest, pushedAt: clock.now(), broken };
    images = [...images, image].slice(-keptImages);
    // A crash in the middle must not leave half a file: the old one stays until the new one is whole.
    writeFileSync(`${file}.new`, JSON.stringify(images, undefined, 2));
    renameSync(`${file}.new`, file);
    return image;
  };
  if (images.length === 0) push({ broken: false });

  return {
    get released() {
      const last = images.at(-1);
      if (last === undefined) throw new Error('the registry has no image');
      return last;
    },
    find: (digest) => images.find((image) => image.digest === digest),
    push,
  };
}

function readImages(file: string): readonly Image[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    // Not there yet, or not readable: the next image is as good a first one.
    return [];
  }
  return Array.isArray(parsed) ? parsed.filter(isImage) : [];
}

function isImage(value: unknown): value is Image {
  if (typeof value !== 'object' || value === null) return false;
  const { digest, pushedAt, broken } = value as Partial<Record<keyof Image, unknown>>;
  return (
    typeof digest === 'string' &&
    digestPattern.test(digest) &&
    typeof pushedAt === 'number' &&
    typeof broken === 'boolean'
  );
}

export const releaseFact = ({ digest, pushedAt }: Image): ReleaseFact => ({ digest, pushedAt });
