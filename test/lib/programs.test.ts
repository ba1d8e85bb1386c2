import { describe, expect, it } from 'vitest';
import { tableNames, type TableName } from '../../core/tables.ts';
import { evaluate, type Check } from '../support/iam/evaluate.ts';
import { objectNeeds } from '../support/iam/hear-objects.ts';
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

const [bucket] = deployment.resources('AWS::S3::Bucket', 'tidecast-data');
const archive = deployment.text('tidecast-data', { 'Fn::GetAtt': [bucket?.id ?? '', 'Arn'] });

/** The checks behind a line of objectNeeds: runtime/store/objects/s3.ts has the calls. */
function objectChecks(need: string): readonly Check[] {
  const [call = '', shape = ''] = need.split(' ');
  const resource = `${archive}/${shape.replaceAll('…', 'x')}`;
  const list: Check = { action: 's3:ListBucket', resource: archive, context: {} };
  switch (call) {
    case 'put':
      return [{ action: 's3:PutObject', resource, context: {} }];
    case 'get':
      // Who may not list is told 403 of what is not there, not 404.
      return [{ action: 's3:GetObject', resource, context: {} }, list];
    case 'delete':
      return [{ action: 's3:DeleteObject', resource, context: {} }];
    default:
      return [list];
  }
}

const stacks = { api: 'tidecast-api', chat: 'tidecast-chat-a', ingest: 'tidecast-ingest' } as const;

describe.each(Object.entries(stacks) as [keyof typeof stacks, string][])(
  'the role of %s',
  (program, stack) => {
    const { statements } = taskOf(deployment, stack);

    it.each(tableNeeds[program])('allows %s', (need) => {
      expect(evaluate(statements, checkOf(need))).toBe('allowed');
    });

    it.each(objectNeeds[program])('allows to %s', (need) => {
      const verdicts = objectChecks(need).map((check) => evaluate(statements, check));
      expect(new Set(verdicts)).toEqual(new Set(['allowed']));
    });

    it('allows to write no pages, and no recording to who only reads it', () => {
      const writes = ['index.html', 'archive/b/360p/1.m4s', 'archive/b/chat/1.json'].filter((key) =>
        ['s3:PutObject', 's3:DeleteObject'].some(
          (action) =>
            evaluate(statements, { action, resource: `${archive}/${key}`, context: {} }) === 'allowed',
        ),
      );
      expect(writes).toEqual(
        {
          api: [],
          chat: ['archive/b/chat/1.json'],
          ingest: ['archive/b/360p/1.m4s', 'archive/b/chat/1.json'],
        }[program],
      );
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
