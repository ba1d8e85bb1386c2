import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { AuditEntry, ChatScope, ChatStore } from '../../../core/chat/store.ts';
import { auditPlace, type ChatItem, type ChatItems } from './chat-items.ts';
import { toAuditEntry } from './chat-records.ts';
import { reach, type TableClient } from './client.ts';
import { BadCursorError } from './cursor.ts';
import { expiryAt, isOver } from './fleet-items.ts';

/** Who was banned half a year ago has forgotten it; who moderates may have to answer for it until then. */
const keptMs = 180 * 86_400_000;

const ulidPattern = /^[\da-z]{26}$/i;

export function createChatAudit(options: {
  readonly client: TableClient;
  readonly table: string;
  readonly items: ChatItems;
  readonly now: () => number;
}): Pick<ChatStore, 'audit' | 'auditPage'> {
  const { client, table, items, now } = options;

  const queryBelow = async (scope: ChatScope, below: string | undefined, limit: number) => {
    const command = new QueryCommand({
      TableName: table,
      KeyConditionExpression: `#place = :place${below === undefined ? '' : ' AND #entry < :below'}`,
      ExpressionAttributeNames: { '#place': 'place', ...(below === undefined ? {} : { '#entry': 'entry' }) },
      ExpressionAttributeValues: {
        ':place': auditPlace(scope),
        ...(below === undefined ? {} : { ':below': below }),
      },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit,
    });
    const { Items: found = [], LastEvaluatedKey: last } = await reach(
      'read the audit list',
      client.send(command),
    );
    return { found: found as ChatItem[], last: last === undefined ? undefined : String(last['entry']) };
  };

  return {
    audit: (scope, entry) => {
      const { id, ...rest } = entry;
      return items.put(
        { place: auditPlace(scope), entry: id },
        { ...rest, expiresAt: expiryAt(entry.at + keptMs) },
      );
    },

    async auditPage(scope, { limit, before }) {
      if (before !== undefined && !ulidPattern.test(before))
        throw new BadCursorError('this is no entry of the audit list: leave it out to start again');
      const entries: AuditEntry[] = [];
      let below = before;
      do {
        // One more than asked for says whether there is another page.
        const { found, last } = await queryBelow(scope, below, limit + 1);
        for (const item of found) {
          const entry = isOver(item, now()) ? undefined : toAuditEntry(item);
          if (entry === undefined) continue;
          const end = entries.at(-1);
          if (entries.length === limit && end !== undefined) return { entries, before: end.id };
          entries.push(entry);
        }
        below = last;
      } while (below !== undefined);
      return { entries };
    },
  };
}
