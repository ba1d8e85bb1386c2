import type { Direct } from './direct.ts';

/** Statuses in the order of a life, as ECS reports them. */
const upwards = ['PROVISIONING', 'PENDING', 'ACTIVATING', 'RUNNING'] as const;
const downwards = ['DEACTIVATING', 'STOPPING', 'DEPROVISIONING', 'STOPPED'] as const;

export type LastStatus = (typeof upwards)[number] | (typeof downwards)[number];

export interface LedgerTask {
  readonly arn: string;
  readonly cluster: string;
  readonly instanceId: string;
  readonly slot: string;
  readonly ports: readonly number[];
  /** What the call overrode: the task sees it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly createdAt: number;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  lastStatus: LastStatus;
  desiredStatus: 'RUNNING' | 'STOPPED';
  stopCode: string | undefined;
  stoppedReason: string | undefined;
  containerReason: string | undefined;
}

/** The lives of tasks: moto knows that they exist, a test says how far they are. */
export class TaskLedger {
  readonly #tasks = new Map<string, LedgerTask>();
  readonly #direct: Direct;

  constructor(direct: Direct) {
    this.#direct = direct;
  }

  get all(): readonly LedgerTask[] {
    return [...this.#tasks.values()];
  }

  /** By ARN or by id. */
  find(arnOrId: string): LedgerTask | undefined {
    return this.#tasks.get(arnOrId) ?? this.all.find(({ arn }) => arn.endsWith(`/${arnOrId}`));
  }

  clear(): void {
    this.#tasks.clear();
  }

  add(
    task: Pick<LedgerTask, 'arn' | 'cluster' | 'instanceId' | 'slot' | 'ports' | 'environment'>,
  ): LedgerTask {
    const entry: LedgerTask = {
      ...task,
      createdAt: Date.now(),
      startedAt: undefined,
      stoppedAt: undefined,
      lastStatus: 'PROVISIONING',
      desiredStatus: 'RUNNING',
      stopCode: undefined,
      stoppedReason: undefined,
      containerReason: undefined,
    };
    this.#tasks.set(task.arn, entry);
    return entry;
  }

  /** Takes a task one status further. */
  advance(task: LedgerTask): void {
    if (task.lastStatus === 'STOPPED') return;
    if (task.desiredStatus === 'RUNNING') {
      const index = upwards.findIndex((status) => status === task.lastStatus);
      task.lastStatus = upwards[Math.min(index + 1, upwards.length - 1)] ?? 'RUNNING';
      if (task.lastStatus === 'RUNNING') task.startedAt ??= Date.now();
      return;
    }
    const index = downwards.findIndex((status) => status === task.lastStatus);
    task.lastStatus = downwards[index + 1] ?? 'STOPPED';
    if (task.lastStatus === 'STOPPED') task.stoppedAt = Date.now();
  }

  /** Takes every task to where it is wanted: RUNNING or STOPPED. */
  settle(): void {
    for (const task of this.#tasks.values())
      while (task.lastStatus !== (task.desiredStatus === 'RUNNING' ? 'RUNNING' : 'STOPPED'))
        this.advance(task);
  }

  /** The container ends by itself, or never comes up. */
  async fail(task: LedgerTask, why: { readonly stopCode: string; readonly reason: string }): Promise<void> {
    await this.#direct.stopTask(task.cluster, task.arn, why.reason);
    task.desiredStatus = 'STOPPED';
    task.lastStatus = 'STOPPED';
    task.stoppedAt = Date.now();
    task.stopCode = why.stopCode;
    task.stoppedReason = why.reason;
  }

  /** What ECS does of itself when an instance is gone: its tasks are stopped. */
  async notice(): Promise<void> {
    const alive = this.all.filter(({ lastStatus }) => lastStatus !== 'STOPPED');
    if (alive.length === 0) return;
    const states = await this.#direct.instanceStates();
    for (const task of alive) {
      const state = states.get(task.instanceId);
      if (state === 'running' || state === 'pending') continue;
      await this.fail(task, {
        stopCode: 'TerminationNotice',
        reason: `Host EC2 (instance ${task.instanceId}) terminated.`,
      });
    }
  }
}
