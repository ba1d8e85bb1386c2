/**
 * The gate: one value decides whether newcomers to the directory and the watch pages are let in. Whoever has been
 * let in carries a signed pass and stays in; everything else (API, chat, media, studio, operations) has no gate.
 *
 * This is part of the edge's function: everything under core/gate is written in the dialect of CloudFront
 * Functions (no destructuring, no for-of, no closures that await), which test/lambda/gate compiles it to.
 */

/** How the values are called in the KeyValueStore. */
export const gateKeys = { value: 'gate', secret: 'key' } as const;

/** HMAC-SHA256 of the text under the gate's secret, in hexadecimal. */
export type Sign = (text: string) => string;

/** What a person writes: `open`, `closed`, or the share of newcomers that is let in. */
const sharePattern = /^(?:0(?:\.\d{1,6})?|1(?:\.0{1,6})?)$/;

/** The share of newcomers that a value lets in. Undefined: it is no value of the gate. */
export function readGate(value: string): number | undefined {
  if (value === 'open') return 1;
  if (value === 'closed') return 0;
  return sharePattern.test(value) ? Number(value) : undefined;
}

/** A shorter secret is none: it could be guessed, and passes be made of it. `tidecast gate` writes 64. */
export const minSecretLength = 32;

export const passName = 'tidecast-pass';
/** Longer than a show with its hours before: whoever is in stays in, and is signed again half-way. */
export const passLifeS = 12 * 3600;

const passText = (expiresAtS: number): string => `pass\n${expiresAtS}`;

export const signPass = (nowS: number, sign: Sign): string => {
  const expiresAtS = nowS + passLifeS;
  return `${expiresAtS}.${sign(passText(expiresAtS))}`;
};

const passPattern = /^(\d{10})\.([0-9a-f]{64})$/;

/** Seconds that a pass still opens the gate; 0 for one that is missing, expired or not ours. */
export function passLeftS(pass: string | undefined, nowS: number, sign: Sign): number {
  const parts = passPattern.exec(pass ?? '');
  if (parts === null) return 0;
  const expiresAtS = Number(parts[1]);
  if (expiresAtS <= nowS) return 0;
  return isSame(sign(passText(expiresAtS)), parts[2] ?? '') ? expiresAtS - nowS : 0;
}

/** Takes the same time wherever two texts differ. */
function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at += 1) difference |= a.charCodeAt(at) ^ b.charCodeAt(at);
  return difference === 0;
}

const rolls = 0x1_0000_0000;

/**
 * A viewer's place in the crowd, in [0, 1): the same at every try, and nothing to delete in a browser. So asking
 * again does not help, and a share that rises lets in those who stood before plus new ones. People behind one address
 * with the same browser stand together.
 */
export const placeOf = (viewer: { readonly ip: string; readonly userAgent: string }, sign: Sign): number =>
  Number.parseInt(sign(`place\n${viewer.ip}\n${viewer.userAgent}`).slice(0, 8), 16) / rolls;
