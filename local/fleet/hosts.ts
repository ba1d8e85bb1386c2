import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { FleetCallError } from '../../core/fleet/ports.ts';
import type { GroupFact, HostFact } from '../../core/fleet/snapshot.ts';
import { hostAddress, type HostAddress } from './loopback.ts';
import { adoptSpools, forgetHostFolder, spoolOf } from './spool.ts';

interface Host {
  readonly hostId: string;
  readonly launchedAt: number;
  state: HostFact['state'];
  address?: HostAddress;
  goneAt?: number;
}

/** A host that a task can be started on. */
export interface ReadyHost {
  readonly hostId: string;
  readonly address: HostAddress;
  readonly spoolDir: string;
}

/** EC2 shows a terminated instance for about an hour. */
const keptGoneMs = 60_000;

/**
 * The Auto Scaling group of this machine and its hosts: loopback addresses with a folder each. As the real
 * group does, it launches as many as are desired, also in the place of one that died.
 */
export class Hosts {
  readonly #folder: string;
  readonly #bootMs: number;
  readonly #maxHosts: number;
  readonly #clock: { now(): number };
  readonly #say: (text: string) => void;
  /** Ends what runs on a host; resolves when nothing does. */
  readonly #endTasks: (hostId: string, how: 'finish' | 'kill') => Promise<void>;
  readonly #onGone: (hostId: string) => void;
  readonly #hosts = new Map<string, Host>();
  readonly #closing = new AbortController();
  /** Launches and ends touch the folders of others: one after the other. */
  #folderWork: Promise<void> = Promise.resolve();
  #desired: number;

  constructor(options: {
    readonly folder: string;
    readonly bootMs: number;
    readonly desired: number;
    readonly maxHosts: number;
    readonly clock: { now(): number };
    readonly say: (text: string) => void;
    readonly endTasks: (hostId: string, how: 'finish' | 'kill') => Promise<void>;
    /** EC2 takes a terminated instance's address back. */
    readonly onGone: (hostId: string) => void;
  }) {
    this.#folder = options.folder;
    this.#bootMs = options.bootMs;
    this.#maxHosts = options.maxHosts;
    this.#clock = options.clock;
    this.#say = options.say;
    this.#endTasks = options.endTasks;
    this.#onGone = options.onGone;
    this.#desired = options.desired;
    mkdirSync(this.#folder, { recursive: true });
    this.#launchMissing();
  }

  get group(): GroupFact {
    return { desired: this.#desired, maxHosts: this.#maxHosts };
  }

  get facts(): readonly HostFact[] {
    this.#forgetOld();
    return [...this.#hosts.values()].map(({ hostId, state, launchedAt, address }) => ({
      hostId,
      state,
      launchedAt,
      ready: state === 'running',
      privateIp: address?.privateIp,
      // As the group of the stacks: protected from its own scale-in from the launch on.
      isProtected: true,
    }));
  }

  ready(hostId: string): ReadyHost | undefined {
    const host = this.#hosts.get(hostId);
    if (host?.state !== 'running' || host.address === undefined) return undefined;
    return { hostId, address: host.address, spoolDir: spoolOf(this.#folder, hostId) };
  }

  /**
   * Before a task starts: it is to complete what hosts that are no more have left. Not when the host boots, as
   * one that gets no task would keep it for itself. Never rejects: a recording that is short is no reason not
   * to serve.
   */
  async adopt(hostId: string): Promise<void> {
    try {
      await this.#onFolders(async () => {
        const living = new Set(this.#living().map((host) => host.hostId));
        const adopted = await adoptSpools({ fleetFolder: this.#folder, hostId, living });
        if (adopted > 0)
          this.#say(
            `${hostId} completes what ${adopted} broadcast${adopted === 1 ? '' : 's'} had not stored yet`,
          );
      });
    } catch (error) {
      this.#say(`${hostId} could not take over what other hosts left: ${String(error)}`);
    }
  }

  byPrivateIp(privateIp: string): string | undefined {
    return this.#living().find(({ address }) => address?.privateIp === privateIp)?.hostId;
  }

  knows(hostId: string): boolean {
    return this.#hosts.has(hostId);
  }

  /** Only ever raises: a lower count would let the group choose whom to end. */
  raise(desired: number): void {
    if (desired > this.#maxHosts)
      throw new FleetCallError(`${desired} hosts are more than the group's maximum of ${this.#maxHosts}`, {
        kind: 'limit',
        limit: 'host maximum',
      });
    if (desired <= this.#desired) return;
    this.#desired = desired;
    this.#launchMissing();
  }

  /** By id, and the desired count with it. Resolves when the host is on its way out. */
  terminate(hostId: string): void {
    const host = this.#hosts.get(hostId);
    if (host === undefined || host.state === 'terminating' || host.state === 'gone') return;
    host.state = 'terminating';
    this.#desired = Math.max(0, this.#desired - 1);
    void this.#endTasks(hostId, 'finish')
      .then(() => this.#gone(host))
      .catch((error: unknown) => this.#say(`While ending ${hostId}: ${String(error)}`));
  }

  /** Pulls the plug. What is in its spool stays, for the next host that is launched. */
  async kill(hostId: string): Promise<void> {
    const host = this.#hosts.get(hostId);
    if (host === undefined || host.state === 'gone') return;
    await this.#endTasks(hostId, 'kill');
    // The group counts it as terminated, and launches another one.
    this.#markGone(host);
    this.#launchMissing();
  }

  /** Launches nothing more. */
  async close(endTasks: () => Promise<void>): Promise<void> {
    this.#closing.abort();
    await this.#folderWork;
    await endTasks();
    for (const { hostId } of this.#living())
      await forgetHostFolder(this.#folder, hostId).catch((error: unknown) => this.#say(String(error)));
  }

  #living(): readonly Host[] {
    return [...this.#hosts.values()].filter((host) => host.state !== 'gone');
  }

  #launchMissing(): void {
    if (this.#closing.signal.aborted) return;
    const counted = this.#living().filter((host) => host.state !== 'terminating').length;
    for (let missing = this.#desired - counted; missing > 0; missing -= 1) this.#launch();
  }

  #launch(): void {
    const host: Host = {
      hostId: this.#nextId(),
      launchedAt: this.#clock.now(),
      state: 'launching',
    };
    this.#hosts.set(host.hostId, host);
    void this.#boot(host).catch((error: unknown) => {
      if (this.#closing.signal.aborted) return;
      this.#say(`${host.hostId} could not boot: ${String(error)}`);
      this.#markGone(host);
    });
  }

  async #boot(host: Host): Promise<void> {
    await this.#onFolders(async () => {
      const taken = new Set(this.#living().flatMap(({ address }) => address?.privateIp ?? []));
      host.address = await hostAddress(taken);
    });
    await delay(this.#bootMs, undefined, { signal: this.#closing.signal });
    if (host.state === 'launching') host.state = 'running';
  }

  async #gone(host: Host): Promise<void> {
    if (host.state === 'gone') return;
    try {
      await this.#onFolders(() => forgetHostFolder(this.#folder, host.hostId));
    } finally {
      // What is left in the folder is to be adopted; a host that never goes would keep its place and address.
      this.#markGone(host);
    }
  }

  #markGone(host: Host): void {
    host.state = 'gone';
    host.goneAt = this.#clock.now();
    this.#onGone(host.hostId);
  }

  #onFolders(work: () => Promise<void>): Promise<void> {
    const done = this.#folderWork.then(work);
    this.#folderWork = done.catch(() => {});
    return done;
  }

  /** Never one that was there before: what is remembered of a host must not fall to another. */
  #nextId(): string {
    const file = join(this.#folder, 'last-host');
    const number = lastNumber(file) + 1;
    writeFileSync(file, String(number));
    return `host-${number}`;
  }

  #forgetOld(): void {
    const before = this.#clock.now() - keptGoneMs;
    for (const [hostId, { goneAt }] of this.#hosts)
      if (goneAt !== undefined && goneAt < before) this.#hosts.delete(hostId);
  }
}

function lastNumber(file: string): number {
  try {
    const number = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(number) && number > 0 ? number : 0;
  } catch {
    return 0;
  }
}
