import { buildStacks } from '../../../lib/app.ts';
import type { TidecastConfig } from '../../../lib/config.ts';
import { Deployment } from '../../support/iam/deployment.ts';
import { synthesise } from '../synthesise.ts';

export type Properties = Readonly<Record<string, unknown>>;

/** What is deployed of the services, with every name resolved. Findings are app.test.ts's to look for. */
export class Services {
  readonly deployment: Deployment;
  readonly #templates: ReadonlyMap<string, Properties>;

  constructor(config: Omit<TidecastConfig, 'region'>) {
    const region = 'ap-northeast-1';
    const { stacks } = synthesise({ region, ...config }, buildStacks, { isChecked: false });
    this.#templates = new Map(
      [...stacks.values()].map(({ stack, template }) => [stack.stackName, template.toJSON()]),
    );
    this.deployment = new Deployment(this.#templates, { account: '111122223333', region });
  }

  resourceCount(stack: string): number {
    return Object.keys(this.#templates.get(stack)?.['Resources'] ?? {}).length;
  }

  all(stack: string, type: string): readonly Properties[] {
    return this.deployment
      .resources(type, stack)
      .map(({ resource }) => this.deployment.resolve(stack, resource.Properties ?? {}) as Properties);
  }

  only(stack: string, type: string): Properties {
    const [found, ...others] = this.all(stack, type);
    if (found === undefined || others.length > 0)
      throw new Error(`${stack} has ${found === undefined ? 'no' : 'more than one'} ${type}`);
    return found;
  }

  /** The one container of the one task definition. */
  container(stack: string): Container {
    const { ContainerDefinitions } = this.only(stack, 'AWS::ECS::TaskDefinition');
    const [container, ...others] = ContainerDefinitions as readonly Container[];
    if (container === undefined || others.length > 0) throw new Error(`${stack}: not one container`);
    return container;
  }

  /** What the program finds; `secrets` are the values that Secrets Manager would put in. */
  environment(stack: string, secrets: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    const { Environment, Secrets } = this.container(stack);
    return Object.fromEntries([
      ...Environment.map(({ Name, Value }) => [Name, Value]),
      ...Secrets.map(({ Name }) => [Name, secrets[Name] ?? '']),
    ]);
  }

  targetGroupAttributes(stack: string): Readonly<Record<string, string>> {
    const { TargetGroupAttributes } = this.only(stack, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    return attributes(TargetGroupAttributes);
  }
}

export interface Container extends Properties {
  readonly Environment: readonly { readonly Name: string; readonly Value: string }[];
  readonly Secrets: readonly { readonly Name: string; readonly ValueFrom: string }[];
  readonly LogConfiguration: { readonly Options: Properties };
  readonly StopTimeout: number;
}

export const attributes = (list: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (list as readonly { readonly Key: string; readonly Value: string }[]).map(({ Key, Value }) => [
      Key,
      Value,
    ]),
  );
