import { createHash } from 'node:crypto';

/** What a code was given out for. */
export interface Grant {
  readonly subject: string;
  readonly redirectUri: string;
  readonly challenge: string;
  readonly nonce: string | undefined;
  readonly signedInAt: number;
}

/** RFC 6749 4.1.2 allows ten minutes; a page needs less than a second. */
const lifetimeMs = 60_000;
/** One person is signing in; more codes than this are somebody's mistake. */
const maxOpen = 1_000;

/** Authorization codes: each is good once, and only with the verifier of its challenge. */
export class Codes {
  readonly #clock: { now(): number };
  readonly #random: (size: number) => Uint8Array;
  readonly #open = new Map<string, Grant>();

  constructor(options: { readonly clock: { now(): number }; readonly random: (size: number) => Uint8Array }) {
    this.#clock = options.clock;
    this.#random = options.random;
  }

  issue(grant: Grant): string {
    for (const [code, old] of this.#open) {
      if (this.#open.size < maxOpen && !this.#isOver(old)) break;
      this.#open.delete(code);
    }
    const code = Buffer.from(this.#random(32)).toString('base64url');
    this.#open.set(code, grant);
    return code;
  }

  /** The grant, or why not. The code is used up either way. */
  redeem(code: string, redirectUri: string, verifier: string): Grant | string {
    const grant = this.#open.get(code);
    this.#open.delete(code);
    if (grant === undefined) return 'the code is unknown or was used before';
    if (this.#isOver(grant)) return 'the code has expired';
    if (grant.redirectUri !== redirectUri) return 'redirect_uri is not the one of the request';
    // RFC 7636 4.6
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    return challenge === grant.challenge ? grant : 'code_verifier does not match code_challenge';
  }

  #isOver(grant: Grant): boolean {
    return this.#clock.now() - grant.signedInAt > lifetimeMs;
  }
}
