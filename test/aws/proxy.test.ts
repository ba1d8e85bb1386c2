import { AutoScalingClient, DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { DescribeAddressesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { DescribeRepositoriesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import {
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { ListHostedZonesCommand, Route53Client } from '@aws-sdk/client-route-53';
import { beforeEach, describe, expect, it } from 'vitest';
import { throttles } from '../../tools/aws-emulators/proxy/faults.ts';
import { services, type Service } from '../../tools/aws-emulators/proxy/wire.ts';
import { useEmulatedAws } from './stage.ts';

const aws = useEmulatedAws();
beforeEach(() => aws().reset());

const options = () => ({
  endpoint: aws().url,
  region: 'us-east-1',
  credentials: { accessKeyId: 'scheduler', secretAccessKey: 'scheduler' },
});

/** A harmless call of each service, with the SDK's own parser of its errors behind it. */
const ask: Readonly<Record<Service, () => Promise<unknown>>> = {
  autoscaling: () => new AutoScalingClient(options()).send(new DescribeAutoScalingGroupsCommand({})),
  dynamodb: () =>
    new DynamoDBClient(options()).send(new GetItemCommand({ TableName: 'none', Key: { id: { S: 'a' } } })),
  ec2: () => new EC2Client(options()).send(new DescribeAddressesCommand({})),
  ecr: () => new ECRClient(options()).send(new DescribeRepositoriesCommand({})),
  ecs: () => new ECSClient(options()).send(new ListClustersCommand({})),
  elasticloadbalancing: () =>
    new ElasticLoadBalancingV2Client(options()).send(new DescribeTargetGroupsCommand({})),
  monitoring: () =>
    new CloudWatchClient(options()).send(
      new PutMetricDataCommand({ Namespace: 'n', MetricData: [{ MetricName: 'm', Value: 1 }] }),
    ),
  route53: () => new Route53Client(options()).send(new ListHostedZonesCommand({})),
};

describe('the fault proxy', () => {
  it.each(services)('speaks the errors of %s so that the SDK knows them', async (service) => {
    aws().proxy.faults.add({ service, kind: 'error', code: 'NobodyKnowsThis', status: 400 });
    await expect(ask[service]()).rejects.toMatchObject({
      name: 'NobodyKnowsThis',
      message: 'made by a test: NobodyKnowsThis',
      $metadata: { httpStatusCode: 400 },
    });
  });

  it.each(services)('throttles %s so that the SDK asks again', async (service) => {
    aws().proxy.faults.add({ service, kind: 'error', ...throttles[service] });
    // DynamoDB's answer is that there is no such table; it is an answer.
    await ask[service]().catch((error: unknown) =>
      expect(error).toMatchObject({ name: 'ResourceNotFoundException' }),
    );
    expect(aws().proxy.calls).toHaveLength(2);
    expect(aws().proxy.calls[0]?.status).toBe(throttles[service].status);
  });

  const key = { TableName: 'counts', Key: { id: { S: 'a' } } };

  async function countTwice(kind: 'reset' | 'lost-reply'): Promise<string | undefined> {
    const client = new DynamoDBClient(options());
    await client.send(
      new CreateTableCommand({
        TableName: 'counts',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
    aws().proxy.faults.add({ service: 'dynamodb', operation: 'UpdateItem', kind });
    await client.send(
      new UpdateItemCommand({
        ...key,
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    const { Item } = await client.send(new GetItemCommand(key));
    client.destroy();
    return Item?.['n']?.N;
  }

  it('breaks a connection before anything is done', async () => {
    expect(await countTwice('reset')).toBe('1');
  });

  it('loses a reply after it was done: what is not idempotent is done twice', async () => {
    expect(await countTwice('lost-reply')).toBe('2');
  });

  it('strikes as often and as late as it is told', async () => {
    const { faults, calls } = aws().proxy;
    faults.add({ service: 'ecs', kind: 'error', code: 'ThrottlingException', after: 1, times: 2 });
    for (let count = 0; count < 2; count += 1) await ask.ecs();
    expect(calls.map(({ status }) => status)).toEqual([200, 400, 400, 200]);
    expect(faults.struck).toHaveLength(2);
  });

  it('names a document of AWS for every gap that it fills', () => {
    const documents = aws().gaps.map(({ document }) => document);
    expect(documents.length).toBeGreaterThan(8);
    for (const document of documents) expect(document).toMatch(/^(?:AmazonECS|AWSEC2|autoscaling)\/.*\.html/);
  });
});
