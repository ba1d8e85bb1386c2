import type { Peer } from '../../../core/fleet/heartbeat.ts';
import type { Logger } from '../../../runtime/telemetry/log.ts';
import type { Guest, Newcomer, PassOn } from '../rtmp/types.ts';
import { defaultPassageLimits, Passage, type PassageLimits, type PassOutcome } from './passage.ts';
import { PeerList } from './peer-list.ts';

export interface PassingOptions {
  readonly taskId: string;
  /** Tasks with room (runtime/store/tables/fleet.ts). */
  readonly readPeers: () => Promise<readonly Peer[]>;
  readonly door: {
    readonly isOpen: boolean;
    /** It has no room for one more than those who are arriving. */
    passesOn(arriving: number): boolean;
  };
  /** The last connection is gone. */
  readonly onNone: () => void;
  readonly onOutcome: (outcome: PassOutcome) => void;
  readonly clock: { now(): number };
  readonly random: () => number;
  readonly log: Logger;
  readonly limits?: Partial<PassageLimits>;
}

/** How often a task looks whether it has become full, to have its list of peers before it is needed. */
const lookEveryMs = 1_000;

/**
 * Connections that this task passes on to others because it has no room (docs/decisions/0008). What begins
 * here is counted at once: a heartbeat that was made after the door had closed, and says that nothing is passed
 * on, is never followed by a connection that is.
 */
export class Passing implements PassOn {
  readonly #options: PassingOptions;
  readonly #peers: PeerList;
  readonly #passages = new Set<Passage>();
  readonly #looking: NodeJS.Timeout;

  constructor(options: PassingOptions) {
    this.#options = options;
    const { taskId, readPeers: read, log } = options;
    this.#peers = new PeerList({ read, taskId, nowMs: () => performance.now(), log });
    this.#looking = setInterval(() => {
      if (options.door.passesOn(0)) void this.#peers.get();
    }, lookEveryMs);
  }

  /** What a heartbeat says. */
  get count(): number {
    return this.#passages.size;
  }

  wants(arriving: number): boolean {
    return this.#options.door.passesOn(arriving);
  }

  takes(arriving: number): boolean {
    const { door } = this.#options;
    return door.isOpen && !door.passesOn(arriving);
  }

  begin(newcomer: Newcomer): Guest {
    const { door, random, clock, log, limits, onNone, onOutcome } = this.#options;
    const passage = new Passage({
      newcomer,
      peers: () => this.#peers.inTurn(random),
      isWanted: () => door.isOpen,
      limits: { ...defaultPassageLimits, ...limits },
      clock,
      log,
      onOutcome,
      onOver: (over) => {
        this.#passages.delete(over);
        if (this.#passages.size === 0) onNone();
      },
    });
    this.#passages.add(passage);
    return passage;
  }

  stop(): void {
    clearInterval(this.#looking);
  }
}
