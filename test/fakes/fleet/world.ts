import type { InfrastructureAction } from '../../../core/fleet/decision.ts';
import { FleetCallError, type InfrastructureSource } from '../../../core/fleet/ports.ts';
import type { AddressFact, Facts, HostFact, TargetFact, TaskFact } from '../../../core/fleet/snapshot.ts';
import type { Clock } from '../../../lambda/scheduler/clock.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

const refused = (message: string): FleetCallError => new FleetCallError(message, { kind: 'refused' });

/** A fleet in memory, as plain as it can be; passes test/lambda/scheduler/contract/infrastructure.ts. */
export class FleetWorld {
  release: Facts['release'];
  /** By its id; the tests look at it and change it as faults and time would. */
  readonly hosts = new Map<string, Writable<HostFact>>();
  readonly tasks = new Map<string, Writable<TaskFact>>();
  readonly addresses = new Map<string, AddressFact>();
  readonly targets = new Set<string>();
  front: readonly string[] = [];
  readonly slotRecords = new Map<string, string>();
  desired = 0;
  readonly maxHosts: number;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #slots: ReadonlySet<string>;
  readonly #tokens = new Set<string>();
  #made = 0;

  constructor(options: {
    readonly clock: Pick<Clock, 'now'>;
    readonly slots: readonly string[];
    readonly maxHosts: number;
    readonly digest: string;
  }) {
    this.#clock = options.clock;
    this.#slots = new Set(options.slots);
    this.maxHosts = options.maxHosts;
    this.release = { digest: options.digest, pushedAt: options.clock.now() };
  }

  /** Time goes by: what was on its way has arrived. */
  settle(): void {
    for (const host of this.hosts.values()) {
      if (host.state === 'terminating') host.state = 'gone';
      if (host.state !== 'launching') continue;
      host.state = 'running';
      host.ready = true;
    }
    for (const task of this.tasks.values()) {
      if (task.status === 'pending') task.status = 'running';
      if (task.status === 'stopping') this.#end(task);
    }
  }

  read<Name extends InfrastructureSource>(source: Name): Facts[Name] {
    return this.#read(source) as Facts[Name];
  }

  #read(source: InfrastructureSource): Facts[InfrastructureSource] {
    switch (source) {
      case 'group':
        return { desired: this.desired, maxHosts: this.maxHosts };
      case 'hosts':
        return structuredClone([...this.hosts.values()]);
      case 'tasks':
        return structuredClone([...this.tasks.values()]);
      case 'addresses':
        return [...this.addresses.values()];
      case 'records':
        return { front: this.front, slots: Object.fromEntries(this.slotRecords) };
      case 'targets':
        return [...this.targets].map((target): TargetFact => {
          const [slot = '', targetId = ''] = target.split(' ');
          return { slot, targetId, health: 'healthy' };
        });
      case 'release':
      default:
        return this.release;
    }
  }

  act(action: InfrastructureAction): void {
    switch (action.kind) {
      case 'set-desired':
        return this.#raise(action.hosts);
      case 'protect-host':
        this.#running(action.hostId).isProtected = true;
        return undefined;
      case 'terminate-host':
        return this.#terminate(action.hostId);
      case 'allocate-address':
        return this.#allocate(action.slot);
      case 'associate-address':
        return this.#associate(action.addressId, action.hostId);
      case 'release-address':
        if (this.addresses.get(action.addressId)?.hostId !== undefined) throw refused('a host has it');
        this.addresses.delete(action.addressId);
        return undefined;
      case 'start-task':
        return this.#start(action);
      case 'stop-task':
        return this.#stop(action.taskId, action.reason);
      case 'register-target':
        if (!this.#slots.has(action.slot)) throw refused('there is no such slot');
        this.targets.add(`${action.slot} ${action.targetId}`);
        return undefined;
      case 'deregister-target':
        this.targets.delete(`${action.slot} ${action.targetId}`);
        return undefined;
      case 'set-front':
        this.front = action.ips.toSorted();
        return undefined;
      case 'set-slot-record':
        this.slotRecords.set(action.slot, action.ip);
        return undefined;
      case 'remove-slot-record':
      default:
        if (this.slotRecords.get(action.slot) === action.ip) this.slotRecords.delete(action.slot);
        return undefined;
    }
  }

  #id(prefix: string): string {
    this.#made += 1;
    return `${prefix}-${this.#made}`;
  }

  #running(hostId: string): Writable<HostFact> {
    const host = this.hosts.get(hostId);
    if (host?.state !== 'running') throw refused(`the host ${hostId} does not run`);
    return host;
  }

  #raise(hosts: number): void {
    if (hosts > this.maxHosts)
      throw new FleetCallError('too many hosts', { kind: 'limit', limit: 'host maximum' });
    this.desired = Math.max(this.desired, hosts);
    const alive = [...this.hosts.values()].filter(
      ({ state }) => state === 'launching' || state === 'running',
    );
    for (let count = alive.length; count < this.desired; count += 1) {
      const hostId = this.#id('i');
      this.hosts.set(hostId, {
        hostId,
        state: 'launching',
        launchedAt: this.#clock.now(),
        ready: false,
        privateIp: `10.0.0.${this.#made}`,
        isProtected: false,
      });
    }
  }

  #terminate(hostId: string): void {
    const host = this.hosts.get(hostId);
    if (host === undefined || host.state === 'terminating' || host.state === 'gone') return;
    host.state = 'terminating';
    host.ready = false;
    this.desired -= 1;
    for (const address of this.addresses.values())
      if (address.hostId === hostId)
        this.addresses.set(address.addressId, {
          addressId: address.addressId,
          ip: address.ip,
          slot: address.slot,
        });
    for (const task of this.tasks.values()) if (task.hostId === hostId) this.#stop(task.taskId, 'host ended');
  }

  #allocate(slot: string): void {
    if ([...this.addresses.values()].some((address) => address.slot === slot)) return;
    const addressId = this.#id('eip');
    this.addresses.set(addressId, { addressId, ip: `192.0.2.${this.#made}`, slot });
  }

  #associate(addressId: string, hostId: string): void {
    const address = this.addresses.get(addressId);
    if (address === undefined) throw refused(`there is no address ${addressId}`);
    this.#running(hostId);
    if (address.hostId !== undefined && address.hostId !== hostId) throw refused('another host has it');
    this.addresses.set(addressId, { ...address, hostId });
  }

  #start({ hostId, slot, digest, token }: Extract<InfrastructureAction, { kind: 'start-task' }>): void {
    if (this.#tokens.has(token)) return;
    this.#running(hostId);
    const isBusy = [...this.tasks.values()].some(
      (task) => task.hostId === hostId && task.status !== 'stopped',
    );
    if (isBusy) throw refused(`${hostId} has a task`);
    this.#tokens.add(token);
    const taskId = this.#id('task');
    this.tasks.set(taskId, {
      taskId,
      hostId,
      slot,
      digest,
      status: 'pending',
      startedAt: this.#clock.now(),
    });
  }

  #stop(taskId: string, reason: string): void {
    const task = this.tasks.get(taskId);
    if (task === undefined || task.status === 'stopping' || task.status === 'stopped') return;
    task.status = 'stopping';
    task.stoppedReason = reason;
  }

  #end(task: Writable<TaskFact>): void {
    task.status = 'stopped';
    task.stoppedAt = this.#clock.now();
  }
}
