import type { Action } from '../../core/fleet/decision.ts';
import type { FleetStore, Infrastructure, Lease } from '../../core/fleet/ports.ts';

export type Service =
  | 'auto-scaling'
  | 'addresses'
  | 'tasks'
  | 'targets'
  | 'records'
  /** The fleet table. */
  | 'table';

/** Whose throttling an action feels. */
export const serviceOf: Readonly<Record<Action['kind'], Service>> = {
  'set-desired': 'auto-scaling',
  'protect-host': 'auto-scaling',
  'terminate-host': 'auto-scaling',
  'allocate-address': 'addresses',
  'release-address': 'addresses',
  'associate-address': 'addresses',
  'start-task': 'tasks',
  'stop-task': 'tasks',
  'register-target': 'targets',
  'deregister-target': 'targets',
  'set-front': 'records',
  'set-slot-record': 'records',
  'remove-slot-record': 'records',
  'write-order': 'table',
  'write-peers': 'table',
  'forget-task': 'table',
};

/** What an action is done to, in one word; none where there is only one. */
function objectOf(action: Action): string {
  switch (action.kind) {
    case 'set-desired':
    case 'set-front':
    case 'write-peers':
      return '';
    case 'protect-host':
    case 'terminate-host':
    case 'start-task':
      return action.hostId;
    case 'stop-task':
    case 'forget-task':
      return action.taskId;
    case 'write-order':
      return action.order.taskId;
    case 'release-address':
    case 'associate-address':
      return action.addressId;
    case 'allocate-address':
    case 'set-slot-record':
    case 'remove-slot-record':
      return action.slot;
    case 'register-target':
    case 'deregister-target':
    default:
      return `${action.slot}/${action.targetId}`;
  }
}

/** Names a call in errors: the same for the same action on the same thing in any pass. */
export const callName = (action: Action): string => {
  const object = objectOf(action);
  return object === '' ? action.kind : `${action.kind} ${object}`;
};

/** As the decision log says it: of an order what it tells the task. */
export const actName = (action: Action): string =>
  action.kind === 'write-order' ? `order ${action.order.phase}` : action.kind;

/** Makes the call of an action, wherever it belongs. */
export function act(
  action: Action,
  sides: { readonly infrastructure: Infrastructure; readonly store: FleetStore; readonly lease: Lease },
  signal: AbortSignal,
): Promise<void> {
  switch (action.kind) {
    case 'write-order':
      return sides.store.writeOrder(action.order, sides.lease);
    case 'write-peers':
      return sides.store.writePeers(action.peers, sides.lease);
    case 'forget-task':
      return sides.store.forgetTask(action.taskId, sides.lease);
    default:
      return sides.infrastructure.act(action, signal);
  }
}
