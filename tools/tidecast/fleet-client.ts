import { acceptedWish, decisionPage, fleetView, passFacts } from '../../containers/api/ops-schemas.ts';
import { broadcastView } from '../../containers/api/schemas.ts';
import type { FleetView } from '../../core/api/ops.ts';
import type { LoggedDecision } from '../../core/fleet/ports.ts';
import type { Connection } from './connection.ts';
import { CommandError } from './errors.ts';
import { readAnswer } from './http.ts';

/** The log is kept for a week. */
export const weekMs = 7 * 86_400_000;

/** The most that the API gives at once. */
const pageSize = 500;
/** 100,000 decisions: past that somebody has to narrow the question. */
const maxPages = 200;

export interface SeenFleet {
  readonly fleet: FleetView;
  /** The time over there. */
  readonly now: number;
}

export async function readFleet(connection: Connection, clock: () => number): Promise<SeenFleet> {
  const answer = await connection.ask('GET', '/api/ops/fleet');
  return { fleet: readAnswer(fleetView, answer, 'view of the fleet'), now: answer.date ?? clock() };
}

/** Decisions of the last week, newest last; of one task, or all. */
export async function readDecisions(
  connection: Connection,
  { task, now }: { readonly task?: string; readonly now: number },
): Promise<readonly LoggedDecision[]> {
  const found: LoggedDecision[] = [];
  let before: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const query = new URLSearchParams({
      limit: String(pageSize),
      ...(task === undefined ? {} : { task }),
      ...(before === undefined ? {} : { before }),
    });
    const answer = readAnswer(
      decisionPage,
      await connection.ask('GET', `/api/ops/decisions?${query.toString()}`),
      'page of decisions',
    );
    found.push(...answer.decisions.filter(({ at }) => at >= now - weekMs));
    const oldest = answer.decisions.at(-1);
    if (answer.before === undefined || answer.before === before) break;
    if (oldest !== undefined && oldest.at < now - weekMs) break;
    before = answer.before;
  }
  return found.toSorted((a, b) => a.at - b.at || a.n - b.n);
}

export const readFacts = async (connection: Connection): Promise<unknown> => {
  const answer = await connection.ask('GET', '/api/ops/snapshot');
  readAnswer(passFacts, answer, 'snapshot');
  return answer.body;
};

export async function wish(
  connection: Connection,
  taskId: string,
  kind: 'drain' | 'keep' | 'force-stop',
  reason: string,
): Promise<string> {
  const body = { reason, ...(kind === 'force-stop' ? { confirm: taskId } : {}) };
  const answer = await connection.ask('POST', `/api/ops/tasks/${encodeURIComponent(taskId)}/${kind}`, body);
  return readAnswer(acceptedWish, answer, 'answer').requestId;
}

/** Whose show it is, for a person who is about to cut it off; undefined when it is private or can't be asked. */
export async function titleOf(connection: Connection, broadcastId: string): Promise<string | undefined> {
  try {
    const answer = await connection.ask('GET', `/api/broadcasts/${encodeURIComponent(broadcastId)}`);
    const { channelName, title } = readAnswer(broadcastView, answer, 'broadcast');
    return title === '' ? channelName : `${channelName}: ${title}`;
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
