import type { TargetGroup, TargetState } from '../edge/balancer/target-group.ts';
import { keepRunning, type KeptProgram } from '../keep-running.ts';
import type { Program } from '../program.ts';

export interface ChatTaskView {
  /** Ends with a number that no other start in this shard has. */
  readonly taskId: string;
  readonly pid: number;
  readonly url: URL;
  /** As the edge's health checks find it. */
  readonly state: TargetState;
  /** Its WebSockets and waiting polls. */
  readonly outstanding: number;
}

/** Starts the container's program. @param port 0, or the one that the others know */
export type LaunchChatTask = (start: {
  readonly taskId: string;
  readonly port: number;
  readonly onCrash: (description: string) => void;
}) => Promise<Program>;

interface Running {
  readonly kept: KeptProgram;
  /** Each start is another task. */
  readonly taskId: () => string;
}

export class UnknownTaskError extends Error {
  override readonly name = 'UnknownTaskError';
}

const healthyWithinMs = 30_000;

/** The tasks of a shard, as an ECS service keeps them: so many, each replaced when it ends, all behind the shard's path. */
export class ChatTasks {
  readonly #shard: string;
  readonly #group: TargetGroup;
  readonly #launch: LaunchChatTask;
  readonly #say: (text: string) => void;
  /** Tells this start of the platform from those before. */
  readonly #mark: string;
  #running: readonly Running[] = [];
  #starts = 0;

  constructor(options: {
    readonly shard: string;
    readonly group: TargetGroup;
    readonly launch: LaunchChatTask;
    readonly mark: string;
    readonly say: (text: string) => void;
  }) {
    this.#shard = options.shard;
    this.#group = options.group;
    this.#launch = options.launch;
    this.#mark = options.mark;
    this.#say = options.say;
  }

  get views(): readonly ChatTaskView[] {
    const targets = new Map(this.#group.targets.map((target) => [target.url.href, target]));
    return this.#running.map(({ kept, taskId }) => {
      const url = urlOf(kept.program);
      const { state = 'starting', outstanding = 0 } = targets.get(url.href) ?? {};
      return { taskId: taskId(), pid: kept.program.pid, url, state, outstanding };
    });
  }

  /** One more; resolves when it gets viewers. */
  async start(): Promise<void> {
    let taskId = '';
    const kept = await keepRunning({
      name: `a chat task of shard ${this.#shard}`,
      say: this.#say,
      start: (onCrash, before) => {
        this.#starts += 1;
        taskId = `${this.#shard}-${this.#mark}-${this.#starts}`;
        return this.#launch({ taskId, port: before?.ports['http'] ?? 0, onCrash });
      },
    });
    const running: Running = { kept, taskId: () => taskId };
    this.#running = [...this.#running, running];
    const url = urlOf(kept.program);
    this.#group.register(url);
    await this.#healthy(url);
  }

  /** As a deployment does: first another one, then this one sends its viewers away over DRAIN_S and ends. */
  async replace(taskId: string): Promise<void> {
    const running = this.#find(taskId);
    await this.start();
    await this.#end(running, () => running.kept.stop());
  }

  /** kill -9; another one takes its place. */
  kill(taskId: string): void {
    process.kill(this.#find(taskId).kept.program.pid, 'SIGKILL');
  }

  /** All end. `stop` sends viewers away over DRAIN_S, `finish` at once, `kill` says goodbye to nobody. */
  async end(how: 'stop' | 'finish' | 'kill'): Promise<void> {
    await Promise.all(this.#running.map((running) => this.#end(running, () => running.kept[how]())));
  }

  async #end(running: Running, end: () => Promise<void>): Promise<void> {
    await end();
    this.#group.deregister(urlOf(running.kept.program));
    this.#running = this.#running.filter((other) => other !== running);
  }

  #find(taskId: string): Running {
    const running = this.#running.find((each) => each.taskId() === taskId);
    if (running === undefined) throw new UnknownTaskError(`shard ${this.#shard} has no task ${taskId}`);
    return running;
  }

  async #healthy(url: URL): Promise<void> {
    const start = performance.now();
    const isHealthy = (): boolean =>
      this.#group.targets.some((target) => target.url.href === url.href && target.state === 'healthy');
    while (!isHealthy()) {
      if (performance.now() - start > healthyWithinMs)
        throw new Error(`a chat task of shard ${this.#shard} does not become well; see its log`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const urlOf = ({ ports }: Program): URL => new URL(`http://127.0.0.1:${ports['http']}`);
