/** What CloudFormation makes of the templates: every name and ARN, before anything is there. */
import { IamError } from './evaluate.ts';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

interface Template {
  readonly Resources?: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

export interface Place {
  readonly account: string;
  readonly region: string;
}

interface Located {
  readonly stack: string;
  readonly id: string;
  readonly resource: Resource;
}

/** The property that is a resource's name, and its ARN after `arn:aws:`. */
interface Kind {
  readonly name: string;
  readonly arn: (name: string, place: Place) => string;
  /** What Ref says: most say the name. */
  readonly ref?: 'arn';
}

const regional =
  (service: string, prefix: string) =>
  (name: string, { region, account }: Place): string =>
    `${service}:${region}:${account}:${prefix}${name}`;

const kinds: Readonly<Record<string, Kind>> = {
  'AWS::AutoScaling::AutoScalingGroup': {
    name: 'AutoScalingGroupName',
    arn: regional(
      'autoscaling',
      'autoScalingGroup:00000000-0000-4000-8000-000000000000:autoScalingGroupName/',
    ),
  },
  'AWS::DynamoDB::GlobalTable': { name: 'TableName', arn: regional('dynamodb', 'table/') },
  'AWS::DynamoDB::Table': { name: 'TableName', arn: regional('dynamodb', 'table/') },
  'AWS::EC2::VPC': { name: '', arn: regional('ec2', 'vpc/') },
  'AWS::ECR::Repository': { name: 'RepositoryName', arn: regional('ecr', 'repository/') },
  'AWS::ECS::Cluster': { name: 'ClusterName', arn: regional('ecs', 'cluster/') },
  'AWS::ECS::TaskDefinition': {
    name: 'Family',
    arn: (name, place) => regional('ecs', 'task-definition/')(`${name}:1`, place),
    ref: 'arn',
  },
  'AWS::IAM::Role': { name: 'RoleName', arn: (name, { account }) => `iam::${account}:role/${name}` },
  'AWS::Kinesis::Stream': { name: 'Name', arn: regional('kinesis', 'stream/') },
  'AWS::Lambda::Function': { name: 'FunctionName', arn: regional('lambda', 'function:') },
  'AWS::Logs::LogGroup': {
    name: 'LogGroupName',
    arn: (name, place) => `${regional('logs', 'log-group:')(name, place)}:*`,
  },
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `s3:::${name}` },
  'AWS::SNS::Topic': { name: 'TopicName', arn: regional('sns', ''), ref: 'arn' },
  'AWS::SecretsManager::Secret': {
    name: 'Name',
    // Secrets Manager puts six letters behind the name.
    arn: (name, place) => regional('secretsmanager', 'secret:')(`${name}-AbCdEf`, place),
    ref: 'arn',
  },
};

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export class Deployment {
  readonly place: Place;
  readonly #templates: ReadonlyMap<string, Template>;

  /** @param templates by the name of their stack */
  constructor(templates: ReadonlyMap<string, unknown>, place: Place) {
    this.#templates = templates as ReadonlyMap<string, Template>;
    this.place = place;
  }

  /** Resources of a type, in one stack or in all. */
  resources(type: string, stack?: string): readonly Located[] {
    return [...this.#templates]
      .filter(([name]) => stack === undefined || name === stack)
      .flatMap(([name, { Resources = {} }]) =>
        Object.entries(Resources)
          .filter(([, resource]) => resource.Type === type)
          .map(([id, resource]) => ({ stack: name, id, resource })),
      );
  }

  /** A value of a stack's template without functions in it. */
  resolve(stack: string, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((each: unknown) => this.resolve(stack, each));
    if (!isFields(value)) return value;
    const [[name, argument] = ['', undefined], ...others] = Object.entries(value);
    if (others.length === 0 && (name === 'Ref' || name.startsWith('Fn::')))
      return this.#call(stack, name, argument);
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.resolve(stack, each)]));
  }

  text(stack: string, value: unknown): string {
    const resolved = this.resolve(stack, value);
    if (typeof resolved === 'string' || typeof resolved === 'number') return String(resolved);
    throw new IamError(`no text in ${stack}: ${JSON.stringify(resolved)}`);
  }

  #call(stack: string, name: string, argument: unknown): unknown {
    switch (name) {
      case 'Ref':
        return this.#ref(stack, String(argument));
      case 'Fn::GetAtt': {
        const [id = '', ...attribute] = Array.isArray(argument)
          ? (argument as readonly string[])
          : String(argument).split('.');
        return this.#attribute(stack, id, attribute.join('.'));
      }
      case 'Fn::Join': {
        const [delimiter, parts] = argument as readonly [string, unknown];
        return (this.resolve(stack, parts) as readonly unknown[]).map(String).join(delimiter);
      }
      case 'Fn::Sub': {
        const [text, own] =
          typeof argument === 'string' ? [argument, {}] : (argument as readonly [string, Fields]);
        return text.replaceAll(/\$\{([^!}]+)\}/g, (_, key: string) => {
          if (key in own) return this.text(stack, own[key]);
          return this.text(stack, key.includes('.') ? { 'Fn::GetAtt': key } : { Ref: key });
        });
      }
      case 'Fn::Select': {
        const [index, list] = argument as readonly [number | string, unknown];
        return (this.resolve(stack, list) as readonly unknown[])[Number(index)];
      }
      case 'Fn::Split': {
        const [delimiter, text] = argument as readonly [string, unknown];
        return this.text(stack, text).split(delimiter);
      }
      case 'Fn::ImportValue':
        return this.#exported(this.text(stack, argument));
      case 'Fn::GetStackOutput': {
        const { StackName, OutputName } = argument as Readonly<Record<string, unknown>>;
        return this.#output(this.text(stack, StackName), this.text(stack, OutputName));
      }
      default:
        throw new IamError(`the function ${name} is not known here`);
    }
  }

  #template(stack: string): Template {
    const template = this.#templates.get(stack);
    if (template === undefined) throw new IamError(`there is no stack ${stack}`);
    return template;
  }

  #output(stack: string, name: string): unknown {
    const output = this.#template(stack).Outputs?.[name];
    if (output === undefined) throw new IamError(`the stack ${stack} has no output ${name}`);
    return this.resolve(stack, output.Value);
  }

  #exported(name: string): unknown {
    for (const [stack, { Outputs = {} }] of this.#templates)
      for (const { Value, Export } of Object.values(Outputs))
        if (Export !== undefined && this.resolve(stack, Export.Name) === name)
          return this.resolve(stack, Value);
    throw new IamError(`nothing exports ${name}`);
  }

  #ref(stack: string, id: string): unknown {
    const { account, region } = this.place;
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::AccountId': account,
      'AWS::Region': region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack,
    };
    if (id in pseudo) return pseudo[id];
    const { Parameters = {}, Resources = {} } = this.#template(stack);
    if (id in Parameters) return Parameters[id]?.Default ?? `parameter-${id}`;
    const resource = Resources[id];
    if (resource === undefined) throw new IamError(`${stack} has nothing called ${id}`);
    return kinds[resource.Type]?.ref === 'arn'
      ? this.#attribute(stack, id, 'Arn')
      : this.#name(stack, id, resource);
  }

  /** What the template says, or as CloudFormation would make one. */
  #name(stack: string, id: string, { Type, Properties = {} }: Resource): string {
    const given = Properties[kinds[Type]?.name ?? ''];
    if (given !== undefined) return this.text(stack, given);
    const made = `${stack}-${id}-1A2B3C4D5E6F`;
    // Buckets and repositories have small letters only.
    return Type === 'AWS::S3::Bucket' || Type === 'AWS::ECR::Repository' ? made.toLowerCase() : made;
  }

  #attribute(stack: string, id: string, attribute: string): string {
    const resource = this.#template(stack).Resources?.[id];
    if (resource === undefined) throw new IamError(`${stack} has nothing called ${id}`);
    const name = this.#name(stack, id, resource);
    const kind = kinds[resource.Type];
    // Others are no part of what policies say.
    if (!attribute.endsWith('Arn')) return `${name}.${attribute}`;
    if (kind === undefined) throw new IamError(`the ARN of ${resource.Type} is not known here`);
    return `arn:aws:${kind.arn(name, this.place)}`;
  }
}
