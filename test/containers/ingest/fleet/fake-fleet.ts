import type { Heartbeat, Order } from '../../../../core/fleet/heartbeat.ts';
import { TableError } from '../../../../runtime/store/tables/client.ts';

/** The fleet table for one task, in memory: stores heartbeats, answers with the order of the moment. */
export class FakeFleet {
  /** What was stored, in the order of its coming. */
  readonly stored: Heartbeat[] = [];
  order: Order | undefined;
  away = false;
  /** Called with each heartbeat that was stored, before it is answered. */
  onStored: (heartbeat: Heartbeat) => void = () => {};
  /** Most that were under way at once. */
  mostAtOnce = 0;
  #atOnce = 0;
  #gate: Promise<void> = Promise.resolve();
  readonly #waiting: (() => void)[] = [];

  readonly beat = async (heartbeat: Heartbeat): Promise<Order | undefined> => {
    this.#atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
    try {
      await this.#gate;
      if (this.away) throw new TableError('the fleet table is away');
      this.stored.push(heartbeat);
      this.onStored(heartbeat);
      return this.order;
    } finally {
      this.#atOnce -= 1;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
  };

  /** From the next heartbeat on they wait until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return resolve;
  }

  give(order: Pick<Order, 'generation' | 'phase'> & Partial<Order>): void {
    this.order = { taskId: 'a', reason: 'scale-in', text: 'as asked', at: 0, expiredAt: 0, ...order };
  }

  get last(): Heartbeat {
    const heartbeat = this.stored.at(-1);
    if (heartbeat === undefined) throw new Error('nothing was stored yet');
    return heartbeat;
  }

  /** Resolves with the first stored heartbeat, of those to come too, that is like this. */
  async until(like: (heartbeat: Heartbeat) => boolean): Promise<Heartbeat> {
    for (;;) {
      const found = this.stored.find(like);
      if (found !== undefined) return found;
      await this.answered();
    }
  }

  /** The next beat is over, stored or not. */
  answered(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
