/** The operators' part of the API. */
import type { DecisionPage, FleetView } from '../../core/api/ops.ts';
import type { OperatorRequest } from '../../core/fleet/snapshot.ts';
import type { Ask } from '../api/ask.ts';

export type WishKind = OperatorRequest['kind'];

export interface OpsApi {
  readonly fleet: () => Promise<FleetView>;
  /** `subject`: a task, a host or a slot. */
  readonly decisions: (query: {
    readonly subject?: string | undefined;
    readonly before?: string | undefined;
  }) => Promise<DecisionPage>;
  readonly wish: (kind: WishKind, taskId: string, reason: string) => Promise<{ readonly requestId: string }>;
}

export const createOpsApi = (ask: Ask): OpsApi => ({
  fleet: () => ask('GET', '/api/ops/fleet'),
  decisions: ({ subject, before }) => {
    const query = new URLSearchParams({
      limit: '100',
      ...(subject === undefined ? {} : { task: subject }),
      ...(before === undefined ? {} : { before }),
    });
    return ask('GET', `/api/ops/decisions?${query.toString()}`);
  },
  // Whoever asks for a forced stop has typed the id into the dialog.
  wish: (kind, taskId, reason) =>
    ask('POST', `/api/ops/tasks/${encodeURIComponent(taskId)}/${kind}`, {
      reason,
      ...(kind === 'force-stop' ? { confirm: taskId } : {}),
    }),
});
