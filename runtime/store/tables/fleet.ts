import type { Heartbeat, Order } from '../../../core/fleet/heartbeat.ts';
import type { FleetStore, LoggedDecision } from '../../../core/fleet/ports.ts';
import type { OperatorRequest } from '../../../core/fleet/snapshot.ts';

/** The fleet table: heartbeats, orders, operators' wishes, the scheduler's lease, report and decisions. */
export interface FleetTable extends FleetStore {
  /** The task's side: writes its heartbeat, answers with its order. Both are one item each. */
  beat(heartbeat: Heartbeat): Promise<Order | undefined>;
  /** The API's side. */
  request(request: OperatorRequest): Promise<void>;
  /** Newest first; `before` is the cursor of an earlier page. */
  decisions(query: {
    readonly taskId?: string | undefined;
    readonly before?: string | undefined;
    readonly limit: number;
    readonly now: number;
  }): Promise<{ readonly decisions: readonly LoggedDecision[]; readonly before?: string }>;
}
