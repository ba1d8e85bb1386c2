/** How values are written in playlists (RFC 8216bis 4.2). Shared by live and archive playlists. */

/**
 * A decimal-floating-point of seconds, to the microsecond: parts of 29.97 and 59.94 fps are exact there,
 * so that the sum of the parts is the segment. Always with a point, so that no reader takes it for an
 * integer, and never in exponent form.
 */
export function decimalSeconds(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new RangeError(`a duration must be zero or more seconds, not ${seconds}`);
  return seconds.toFixed(6).replace(/0{1,5}$/, '');
}

/** A quoted-string. It has no escapes: quotes and line ends cannot be written and are refused. */
export function quoted(text: string): string {
  if (/["\r\n]/.test(text))
    throw new RangeError(`a quoted string cannot hold quotes or line ends: ${JSON.stringify(text)}`);
  return `"${text}"`;
}

/** A date for EXT-X-PROGRAM-DATE-TIME, with milliseconds and zone. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** An attribute-list of what is defined, in the order given. Values are written as they are: quote them first. */
export function attributes(list: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(list)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(',');
}
