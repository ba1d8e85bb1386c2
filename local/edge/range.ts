/** First and last byte, both included. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/**
 * RFC 9110 14.2. `whole`: there is no range that we serve (none, several, or not understood) and the whole
 * object is the right answer. `outside`: 416.
 */
export function readRange(header: string | undefined, length: number): ByteRange | 'whole' | 'outside' {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  const [, from = '', to = ''] = match ?? [];
  if (from === '' && to === '') return 'whole';
  if (from === '') {
    const suffix = Math.min(Number(to), length);
    return suffix === 0 ? 'outside' : { first: length - suffix, last: length - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return 'whole';
  if (first >= length) return 'outside';
  return { first, last: to === '' ? length - 1 : Math.min(Number(to), length - 1) };
}

const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');

/** RFC 9110 13.1.2: weak comparison. */
export function matchesEtag(ifNoneMatch: string | undefined, etag: string | undefined): boolean {
  if (ifNoneMatch === undefined || etag === undefined) return false;
  return (
    ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((candidate) => opaque(candidate) === opaque(etag))
  );
}
