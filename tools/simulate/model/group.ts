import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { GroupFact, HostFact } from '../../../core/fleet/snapshot.ts';
import { Listing } from './listing.ts';
import { draw, goneListedMs, type Surroundings } from './parts.ts';

/** An instance, as it truly is. */
export interface Host {
  readonly hostId: string;
  readonly launchedAt: number;
  readonly privateIp: string;
  state: HostFact['state'];
  isReady: boolean;
  isProtected: boolean;
  /** False from the moment that it broke down, whatever EC2 says. */
  isAlive: boolean;
  endedAt: number | undefined;
  /** Digests of the images that it has pulled. */
  readonly images: Set<string>;
}

export interface GroupListener {
  /** Its processes are gone; `by` says through whom. */
  readonly hostEnds: (host: Host, by: 'scheduler' | 'fault') => void;
  /** EC2 shuts it down: it is not paid for any more. */
  readonly hostTerminates: (host: Host) => void;
  /** EC2 says terminated: ECS and addresses follow. */
  readonly hostGone: (host: Host) => void;
  readonly hostLaunched: (host: Host) => void;
}

/** The Auto Scaling group with its instances. It keeps the desired count: what dies is replaced. */
export class Group {
  readonly hosts = new Map<string, Host>();
  readonly #world: Surroundings;
  readonly #listener: GroupListener;
  readonly #listing: Listing<HostFact>;
  readonly #maxHosts: number;
  #desired = 0;
  #fact: GroupFact;
  #launched = 0;
  #isChecking = false;

  constructor(world: Surroundings, listener: GroupListener) {
    this.#world = world;
    this.#listener = listener;
    this.#maxHosts = world.policy.hosts.max;
    this.#listing = new Listing(world);
    this.#fact = Object.freeze({ desired: 0, maxHosts: this.#maxHosts });
  }

  get desired(): number {
    return this.#desired;
  }

  read(): GroupFact {
    return this.#fact;
  }

  readHosts(): readonly HostFact[] {
    return this.#listing.read();
  }

  setDesired(hosts: number): void {
    if (hosts > this.#maxHosts) {
      throw new FleetCallError(`${hosts} is over the maximum of ${this.#maxHosts}`, {
        kind: 'limit',
        limit: 'host maximum',
      });
    }
    // The scheduler's side asks first, and leaves a higher count alone.
    if (hosts > this.#desired) this.#setDesired(hosts);
  }

  /** Somebody else does it: AWS chooses who goes, among those that are not protected. */
  lowerDesired(hosts: number): void {
    if (hosts < this.#desired) this.#setDesired(Math.max(0, hosts));
  }

  protect(hostId: string): void {
    const host = this.hosts.get(hostId);
    if (host === undefined) throw new FleetCallError(`no instance ${hostId}`, { kind: 'refused' });
    if (host.state === 'gone' || host.state === 'terminating') return;
    host.isProtected = true;
    this.#publish(host);
  }

  /** By id, and the desired count with it; a second call finds it terminating and does nothing. */
  terminate(hostId: string): void {
    const host = this.hosts.get(hostId);
    if (host === undefined || host.state === 'gone' || host.state === 'terminating') return;
    this.#setDesired(this.#desired - 1);
    this.#end(host, 'scheduler');
  }

  /** The power is gone. EC2 and Auto Scaling notice after minutes. */
  breakDown(host: Host): void {
    if (!host.isAlive) return;
    host.isAlive = false;
    this.#listener.hostEnds(host, 'fault');
    this.#later('agentLostMs', () => {
      host.isReady = false;
      this.#publish(host);
    });
    this.#later('unhealthyMs', () => {
      if (host.state === 'launching' || host.state === 'running') this.#end(host, 'fault');
    });
  }

  #setDesired(hosts: number): void {
    if (hosts === this.#desired) return;
    this.#desired = hosts;
    this.#fact = Object.freeze({ desired: hosts, maxHosts: this.#maxHosts });
    this.#check();
  }

  #members(): Host[] {
    return [...this.hosts.values()].filter(({ state }) => state === 'launching' || state === 'running');
  }

  #check(): void {
    if (this.#isChecking) return;
    this.#isChecking = true;
    this.#later('groupReactsMs', () => {
      this.#isChecking = false;
      const members = this.#members();
      for (let n = members.length; n < this.#desired; n++) this.#launch();
      const victims = members.filter((host) => !host.isProtected);
      for (let n = members.length; n > this.#desired && victims.length > 0; n--) {
        const [victim] = victims.splice(this.#world.random.below(victims.length), 1);
        if (victim !== undefined) this.#end(victim, 'fault');
      }
    });
  }

  #launch(): void {
    const { timeline, random } = this.#world;
    const n = ++this.#launched;
    const host: Host = {
      hostId: `i-${String(n).padStart(5, '0')}`,
      launchedAt: timeline.now,
      privateIp: `10.0.${n >> 8}.${n & 255}`,
      state: 'launching',
      isReady: false,
      isProtected: false,
      isAlive: true,
      endedAt: undefined,
      images: new Set(),
    };
    this.hosts.set(host.hostId, host);
    this.#listener.hostLaunched(host);
    this.#publish(host);
    this.#later('hostRunsMs', () => {
      if (host.state !== 'launching') return;
      host.state = 'running';
      this.#publish(host);
    });
    timeline.after(draw(random, 'bootMs'), () => {
      if (!host.isAlive || host.state !== 'running') return;
      host.isReady = true;
      this.#publish(host);
    });
  }

  #end(host: Host, by: 'scheduler' | 'fault'): void {
    const wasAlive = host.isAlive;
    host.isAlive = false;
    host.isReady = false;
    host.state = 'terminating';
    host.endedAt = this.#world.timeline.now;
    if (wasAlive) this.#listener.hostEnds(host, by);
    this.#listener.hostTerminates(host);
    this.#publish(host);
    this.#check();
    this.#later('terminateMs', () => {
      host.state = 'gone';
      this.#listener.hostGone(host);
      this.#publish(host);
      this.#world.timeline.after(goneListedMs, () => {
        this.hosts.delete(host.hostId);
        this.#publish(host);
      });
    });
  }

  #publish(host: Host): void {
    this.#listing.publish(host.hostId, () =>
      this.hosts.has(host.hostId)
        ? {
            hostId: host.hostId,
            state: host.state,
            launchedAt: host.launchedAt,
            ready: host.isReady,
            privateIp: host.privateIp,
            isProtected: host.isProtected,
          }
        : undefined,
    );
  }

  #later(name: Parameters<typeof draw>[1], run: () => void): void {
    this.#world.timeline.after(draw(this.#world.random, name), run);
  }
}
