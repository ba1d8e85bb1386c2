/**
 * AWS as a fleet at rest finds it, at the level of the SDK's commands: what each call would answer, in pages of
 * the size that AWS has, and a count of the calls. Nothing is on the wire.
 */
import { createClients, type Clients } from '../../lambda/scheduler/aws/clients.ts';

export interface QuietAws {
  readonly clients: Clients;
  readonly calls: Map<string, number>;
}

type Input = Readonly<Record<string, unknown>>;

export const digest = `sha256:${'d'.repeat(64)}`;
export const domain = 'ingest.live.example.com';
export const hostId = (index: number): string => `i-${index.toString(16).padStart(17, '0')}`;
export const taskId = (index: number): string => index.toString(16).padStart(32, '0');
const publicIp = (index: number): string => `198.51.${Math.floor(index / 250)}.${(index % 250) + 1}`;
const privateIp = (index: number): string => `10.0.${Math.floor(index / 250)}.${(index % 250) + 1}`;

/** A page of a list, by tokens that are places in it. */
function page<T>(
  list: readonly T[],
  token: unknown,
  size: number,
): { readonly items: T[]; readonly next?: string } {
  const from = Number(token ?? 0);
  const items = list.slice(from, from + size);
  return from + size < list.length ? { items, next: String(from + size) } : { items };
}

const numbered = (value: unknown): number => Number.parseInt(String(value).replace(/^.*[/-]/, ''), 16);

export function createQuietAws(options: {
  readonly slots: readonly string[];
  readonly startedAt: number;
}): QuietAws {
  const { slots, startedAt } = options;
  const calls = new Map<string, number>();
  const all = slots.map((slot, index) => ({ slot, index }));
  const launched = new Date(startedAt);
  let front: readonly string[] = [];

  const records = () => [
    ...(front.length === 0
      ? []
      : [{ Name: `${domain}.`, Type: 'A', TTL: 20, ResourceRecords: front.map((Value) => ({ Value })) }]),
    ...all.map(({ slot, index }) => ({
      Name: `${slot}.${domain}.`,
      Type: 'A',
      TTL: 60,
      ResourceRecords: [{ Value: publicIp(index) }],
    })),
  ];

  const answers: Readonly<Record<string, (input: Input) => object>> = {
    DescribeAutoScalingGroups: () => ({
      AutoScalingGroups: [
        {
          DesiredCapacity: all.length,
          MaxSize: all.length,
          Instances: all.map(({ index }) => ({
            InstanceId: hostId(index),
            LifecycleState: 'InService',
            ProtectedFromScaleIn: true,
          })),
        },
      ],
    }),
    DescribeInstances: ({ NextToken }) => {
      const { items, next } = page(all, NextToken, 1000);
      return {
        Reservations: items.map(({ index }) => ({
          Instances: [
            {
              InstanceId: hostId(index),
              State: { Name: 'running' },
              LaunchTime: launched,
              PrivateIpAddress: privateIp(index),
            },
          ],
        })),
        NextToken: next,
      };
    },
    ListContainerInstances: ({ nextToken }) => {
      const { items, next } = page(all, nextToken, 100);
      return { containerInstanceArns: items.map(({ index }) => `ci/${hostId(index)}`), nextToken: next };
    },
    DescribeContainerInstances: ({ containerInstances }) => ({
      containerInstances: (containerInstances as readonly string[]).map((arn) => ({
        containerInstanceArn: arn,
        ec2InstanceId: arn.slice(3),
        status: 'ACTIVE',
        agentConnected: true,
      })),
    }),
    ListTasks: ({ desiredStatus, nextToken }) => {
      const { items, next } = page(desiredStatus === 'RUNNING' ? all : [], nextToken, 100);
      return { taskArns: items.map(({ index }) => `task/${taskId(index)}`), nextToken: next };
    },
    DescribeTasks: ({ tasks }) => ({
      tasks: (tasks as readonly string[]).map((arn) => ({
        taskArn: arn,
        taskDefinitionArn: 'task-definition/ingest-dddddddddddd:1',
        lastStatus: 'RUNNING',
        desiredStatus: 'RUNNING',
        createdAt: launched,
        tags: [
          { key: 'tidecast:slot', value: slots[numbered(arn)] },
          { key: 'tidecast:host', value: hostId(numbered(arn)) },
        ],
      })),
    }),
    DescribeTaskDefinition: ({ taskDefinition }) => ({
      taskDefinition: {
        taskDefinitionArn: taskDefinition,
        containerDefinitions: [{ name: 'ingest', image: `repository/ingest@${digest}` }],
      },
    }),
    DescribeAddresses: () => ({
      Addresses: all.map(({ slot, index }) => ({
        AllocationId: `eipalloc-${index}`,
        PublicIp: publicIp(index),
        InstanceId: hostId(index),
        Tags: [{ Key: 'tidecast:slot', Value: slot }],
      })),
    }),
    ListResourceRecordSets: ({ StartRecordName }) => {
      const list = records();
      const from = Math.max(
        0,
        list.findIndex(({ Name }) => Name === StartRecordName),
      );
      const next = list[from + 300];
      return {
        ResourceRecordSets: list.slice(from, from + 300),
        IsTruncated: next !== undefined,
        NextRecordName: next?.Name,
        NextRecordType: next?.Type,
      };
    },
    ChangeResourceRecordSets: (input) => {
      const { Changes } = input['ChangeBatch'] as {
        readonly Changes: readonly {
          readonly ResourceRecordSet: {
            readonly Name: string;
            readonly ResourceRecords: readonly { readonly Value: string }[];
          };
        }[];
      };
      for (const { ResourceRecordSet: set } of Changes)
        if (set.Name === `${domain}.`) front = set.ResourceRecords.map(({ Value }) => Value);
      return {};
    },
    DescribeTargetGroups: ({ Marker }) => {
      const { items, next } = page(all, Marker, 400);
      return {
        TargetGroups: items.map(({ slot, index }) => ({
          TargetGroupName: `bench-${slot}`,
          TargetGroupArn: `tg/${index.toString(16)}`,
        })),
        NextMarker: next,
      };
    },
    DescribeTargetHealth: ({ TargetGroupArn }) => ({
      TargetHealthDescriptions: [
        {
          Target: { Id: privateIp(numbered(TargetGroupArn)), Port: 8935 },
          TargetHealth: { State: 'healthy' },
        },
      ],
    }),
    DescribeImages: () => ({ imageDetails: [{ imageDigest: digest, imagePushedAt: launched }] }),
    PutMetricData: () => ({}),
  };

  const send = (command: { readonly constructor: { readonly name: string }; readonly input: Input }) => {
    const operation = command.constructor.name.replace(/Command$/, '');
    calls.set(operation, (calls.get(operation) ?? 0) + 1);
    const answer = answers[operation];
    return answer === undefined
      ? Promise.reject(new Error(`a fleet at rest makes no ${operation}`))
      : Promise.resolve(answer(command.input));
  };
  // The SDK's paginators take only clients of its own classes.
  const clients = createClients({ region: 'us-east-1' });
  for (const client of Object.values(clients))
    if (typeof client !== 'function') Object.assign(client, { send });
  return { clients, calls };
}
