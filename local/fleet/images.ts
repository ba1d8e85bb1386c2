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
  /** Moves the release tag to an image that was pushed before. */
  tag(digest: string): void;
}

interface Registry {
  readonly released: string;
  readonly images: readonly Image[];
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
  let registry = readRegistry(file);

  const save = (next: Registry): void => {
    // A crash in the middle must not leave half a file: the old one stays until the new one is whole.
    writeFileSync(`${file}.new`, JSON.stringify(next, undefined, 2));
    renameSync(`${file}.new`, file);
    registry = next;
  };
  const find = (digest: string): Image | undefined =>
    registry?.images.find((image) => image.digest === digest);
  const push = ({ broken }: { readonly broken: boolean }): Image => {
    const digest = `sha256:${Buffer.from(random(32)).toString('hex')}`;
    const image: Image = { digest, pushedAt: clock.now(), broken };
    save({ released: digest, images: [...(registry?.images ?? []), image].slice(-keptImages) });
    return image;
  };
  if (registry === undefined) push({ broken: false });

  return {
    get released() {
      const image = find(registry?.released ?? '');
      if (image === undefined) throw new Error('the registry has no released image');
      return image;
    },
    find,
    push,
    tag: (digest) => {
      if (registry === undefined || find(digest) === undefined)
        throw new RangeError(`there is no image ${digest}`);
      save({ ...registry, released: digest });
    },
  };
}

/** Undefined when there is none that can be used: the next image is as good a first one. */
function readRegistry(file: string): Registry | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const { released, images } = parsed as Partial<Record<keyof Registry, unknown>>;
  if (!Array.isArray(images)) return undefined;
  const usable = images.filter(isImage);
  const isThere = usable.some((image) => image.digest === released);
  return typeof released === 'string' && isThere ? { released, images: usable } : undefined;
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
