import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { LoggedDecision } from '../../../core/fleet/ports.ts';
import { reach, type TableClient } from './client.ts';
import { BadCursorError } from './cursor.ts';
import { expiryAt, isOver, itemsInBatch, putBatch, withoutMarks, type ItemMarks } from './fleet-items.ts';

export interface DecisionQuery {
  /** A task, host or slot: lines about it. */
  readonly taskId?: string | undefined;
  /** Cursor of an earlier page. A bad one is a BadCursorError. */
  readonly before?: string | undefined;
  readonly limit: number;
  readonly now: number;
}

export interface DecisionPage {
  readonly decisions: readonly LoggedDecision[];
  /** For the next page; absent when there is nothing older. */
  readonly before?: string;
}

const dayMs = 86_400_000;
/** Design section 5: decisions are kept a week. */
const keptDays = 7;
/** Lines looked at in one call, and calls for one page: lines about one task may be few among many. */
const linesInQuery = 500;
const maxQueries = 40;

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const kindOf = (day: string): string => `decisions#${day}`;
/** Sorts by time. 15 digits hold ms for thousands of years; a pass has fewer than 100,000 lines. */
const idOf = ({ at, n }: LoggedDecision): string =>
  `${String(at).padStart(15, '0')}#${String(n).padStart(5, '0')}`;

const toItem = (line: LoggedDecision): LoggedDecision & ItemMarks =>
  Object.assign(
    { kind: kindOf(dayOf(line.at)), id: idOf(line), expiresAt: expiryAt(line.at + keptDays * dayMs) },
    line,
  );

const cursorFormat = /^(\d{4}-\d\d-\d\d)\/(\d{15}#\d{5})$/;

function decodeCursor(before: string): { readonly day: string; readonly id: string } {
  const [, day, id] = cursorFormat.exec(Buffer.from(before, 'base64url').toString('latin1')) ?? [];
  if (day === undefined || id === undefined || Number.isNaN(Date.parse(day)))
    throw new BadCursorError(
      'this cursor was not given out by the decision log: leave it out to start again',
    );
  return { day, id };
}

const encodeCursor = (line: LoggedDecision): string =>
  Buffer.from(`${dayOf(line.at)}/${idOf(line)}`).toString('base64url');

export function createDecisionLog(options: { readonly client: TableClient; readonly table: string }) {
  const { client, table } = options;

  const queryDay = async (
    day: string,
    below: string | undefined,
    subject: string | undefined,
    limit: number,
  ): Promise<{
    readonly items: readonly (LoggedDecision & ItemMarks)[];
    readonly last: string | undefined;
  }> => {
    const command = new QueryCommand({
      TableName: table,
      KeyConditionExpression: below === undefined ? '#kind = :kind' : '#kind = :kind AND #id < :below',
      ...(subject === undefined
        ? {}
        : {
            FilterExpression:
              '#subject.#taskId = :subject OR #subject.#hostId = :subject OR #subject.#slot = :subject',
          }),
      ExpressionAttributeNames: {
        '#kind': 'kind',
        ...(below === undefined ? {} : { '#id': 'id' }),
        ...(subject === undefined
          ? {}
          : { '#subject': 'subject', '#taskId': 'taskId', '#hostId': 'hostId', '#slot': 'slot' }),
      },
      ExpressionAttributeValues: {
        ':kind': kindOf(day),
        ...(below === undefined ? {} : { ':below': below }),
        ...(subject === undefined ? {} : { ':subject': subject }),
      },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: subject === undefined ? limit + 1 : linesInQuery,
    });
    const { Items: items = [], LastEvaluatedKey: last } = await reach('read decisions', client.send(command));
    return {
      items: items as (LoggedDecision & ItemMarks)[],
      last: last === undefined ? undefined : String(last['id']),
    };
  };

  return {
    /** Batches of lines; `before` each batch the caller makes sure that it may still write. */
    async log(lines: readonly LoggedDecision[], beforeEach: () => Promise<void>): Promise<void> {
      for (let start = 0; start < lines.length; start += itemsInBatch) {
        await beforeEach();
        await putBatch(client, table, lines.slice(start, start + itemsInBatch).map(toItem));
      }
    },

    async page({ taskId, before, limit, now }: DecisionQuery): Promise<DecisionPage> {
      const from = before === undefined ? undefined : decodeCursor(before);
      const oldest = dayOf(now - keptDays * dayMs);
      // A scheduler whose clock is ahead may have written into tomorrow.
      let day = from?.day ?? dayOf(now + dayMs);
      let below = from?.id;
      const decisions: LoggedDecision[] = [];
      for (let queries = 0; day >= oldest; queries += 1) {
        if (queries === maxQueries) {
          const id = below ?? '999999999999999#99999';
          return { decisions, before: Buffer.from(`${day}/${id}`).toString('base64url') };
        }
        const { items, last } = await queryDay(day, below, taskId, limit);
        for (const item of items) {
          if (isOver(item, now)) continue;
          const last = decisions.at(-1);
          if (decisions.length === limit && last !== undefined)
            return { decisions, before: encodeCursor(last) };
          decisions.push(withoutMarks<LoggedDecision>(item));
        }
        below = last;
        if (last === undefined) day = dayOf(Date.parse(day) - dayMs);
      }
      return { decisions };
    },
  };
}
