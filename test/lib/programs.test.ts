import { describe, expect, it } from 'vitest';
import { tableNames, type TableName } from '../../core/tables.ts';
import { evaluate, type Check } from '../support/iam/evaluate.ts';
import { taskOf } from '../support/iam/roles.ts';
import { tableNeeds } from '../support/iam/table-needs.ts';
import { needsOf } from '../support/iam/watch-tables.ts';
import { deployed } from './deployed.ts';
import { domain } from './synthesise.ts';

const deployment = deployed({ region: 'ap-northeast-1', profile: 'standard', domain });
const { region, account } = deployment.place;
const names = tableNames('tidecast');

/** The check behind a line of table-needs.ts. */
function checkOf(need: string): Check {
  const [operation = '', where = '', partition = 'x'] = need.split(' ');
  const [table = '', index] = where.split('/');
  return {
    action: `dynamodb:${operation}`,
    resource: `arn:aws:dynamodb:${region}:${account}:table/${names[table as TableName]}${index === undefined ? '' : `/index/${index}`}`,
    context: { 'dynamodb:LeadingKeys': [partition.replace('…', 'x')] },
  };
}

const stacks = { api: 'tidecast-api', chat: 'tidecast-chat-a', ingest: 'tidecast-ingest' } as const;

describe.each(Object.entries(stacks) as [keyof typeof stacks, string][])(
  'the role of %s',
  (program, stack) => {
    const { statements } = taskOf(deployment, stack);

    it.each(tableNeeds[program])('allows %s', (need) => {
      expect(evaluate(statements, checkOf(need))).toBe('allowed');
    });

    it('allows nothing in a table of another deployment', () => {
      const another = (need: string): Check => {
        const { resource, ...check } = checkOf(need);
        return { ...check, resource: resource.replace('tidecast', 'another') };
      };
      const allowed = tableNeeds[program].filter(
        (need) => evaluate(statements, another(need)) !== 'not allowed',
      );
      expect(allowed).toEqual([]);
    });

    it('gives no orders to tasks, and takes no lease: that is the scheduler’s', () => {
      for (const partition of ['order', 'scheduler'])
        expect(evaluate(statements, checkOf(`PutItem fleet ${partition}`))).toBe('not allowed');
    });

    it('allows to delete no table, and to read none as a whole', () => {
      for (const operation of ['DeleteTable', 'UpdateTable', 'Scan'])
        expect(evaluate(statements, checkOf(`${operation} broadcasts`))).toBe('not allowed');
    });
  },
);

describe('the needs that programs have', () => {
  it.each(Object.values(tableNeeds).flat())('are said as they are heard: %s', (need) => {
    expect(needsOf(checkOf(need))).toEqual([need]);
  });
});
