/**
 * A stream key is `<channelId>_<secret>`: the channel is found without a search by the secret, and only
 * the secret's hash is stored. Both halves are of [a-z0-9] so that a double click selects the whole key.
 */
export interface StreamKey {
  readonly channelId: string;
  readonly secret: string;
}

// Channel ids are 26 characters of lower-case ULID; secrets 32 of base 36 (165 bits).
const pattern = /^([0-9a-z]{26})_([0-9a-z]{32})$/;

export const formatStreamKey = (key: StreamKey): string => `${key.channelId}_${key.secret}`;

/** Reads the publishing name of an RTMP `publish`. A query (`?x=y`), which some encoders add, is ignored. */
export function parseStreamKey(publishingName: string): StreamKey | undefined {
  const [name = ''] = publishingName.split('?', 1);
  const match = pattern.exec(name);
  const [, channelId, secret] = match ?? [];
  return channelId === undefined || secret === undefined ? undefined : { channelId, secret };
}
