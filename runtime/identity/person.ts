import { createHash } from 'node:crypto';

/**
 * The public id of a person: the same everywhere on this platform, and nobody can tell the subject from it by
 * looking (subjects can be e-mail addresses). 80 bits: no two of a billion people share one in practice.
 */
export const personIdOf = (subject: string): string =>
  createHash('sha256').update(`tidecast person\0${subject}`).digest('hex').slice(0, 20);
