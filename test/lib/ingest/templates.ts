/** The templates of registry and ingest, alone with what they need, and how to look into them. */
import type { App } from 'aws-cdk-lib';
import type { Settings, TidecastConfig } from '../../../lib/config.ts';
import { DataStack } from '../../../lib/data/data-stack.ts';
import { IngestStack } from '../../../lib/ingest/ingest-stack.ts';
import { NetworkStack } from '../../../lib/network/network-stack.ts';
import { RegistryStack } from '../../../lib/registry/registry-stack.ts';
import { synthesise, type Synthesised } from '../synthesise.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

export interface Resource {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly [attribute: string]: Json;
}

export interface Templates {
  readonly registry: readonly Resource[];
  readonly ingest: readonly Resource[];
}

/** @param afterwards what other stacks do with it */
export function stacksOfIngest(
  config: TidecastConfig,
  afterwards: (ingest: IngestStack, app: App) => void = () => {},
): Synthesised['stacks'] {
  const build = (app: App, settings: Settings): void => {
    const network = new NetworkStack(app, settings);
    const data = new DataStack(app, settings);
    const registry = new RegistryStack(app, settings);
    afterwards(new IngestStack(app, settings, { network, data, registry }), app);
  };
  return synthesise(config, build, { isChecked: false }).stacks;
}

export function synthesiseIngest(config: TidecastConfig): Templates {
  const stacks = stacksOfIngest(config);
  const resourcesOf = (part: string): readonly Resource[] => {
    const template = stacks.get(part)?.template.toJSON() as { readonly Resources: Record<string, Resource> };
    return Object.values(template.Resources);
  };
  return { registry: resourcesOf('registry'), ingest: resourcesOf('ingest') };
}

export const ofType = (resources: readonly Resource[], type: string): readonly JsonObject[] =>
  resources.filter(({ Type }) => Type === type).map(({ Properties }) => Properties);

/** The only resource of its kind. */
export function only(resources: readonly Resource[], type: string): JsonObject {
  const [first, ...others] = ofType(resources, type);
  if (first === undefined || others.length > 0) throw new Error(`not exactly one ${type}`);
  return first;
}

/** What stands at a path of keys and indexes. */
export const at = (value: Json | undefined, ...path: readonly (string | number)[]): Json | undefined =>
  path.reduce<Json | undefined>(
    (part, key) =>
      part !== null && typeof part === 'object' ? (part as { [key: string]: Json })[key] : undefined,
    value,
  );

/** A value as AWS will have it, with a name in the place of everything that only AWS knows. */
export function said(value: Json | undefined): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) throw new Error('a list is no text');
  const join = at(value, 'Fn::Join', 1);
  if (Array.isArray(join)) return join.map((part: Json) => said(part)).join(said(at(value, 'Fn::Join', 0)));
  const base64 = at(value, 'Fn::Base64');
  if (base64 !== undefined) return said(base64);
  const known =
    at(value, 'Ref') ?? at(value, 'Fn::GetAtt', 0) ?? at(value, 'Fn::GetStackOutput', 'OutputName');
  return typeof known === 'string' ? known : 'known-to-aws';
}

/** The container of the task, whose name and environment the scheduler and its program go by. */
export function container(ingest: readonly Resource[]): JsonObject {
  return at(only(ingest, 'AWS::ECS::TaskDefinition'), 'ContainerDefinitions', 0) as JsonObject;
}

export const environment = (ingest: readonly Resource[]): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (container(ingest)['Environment'] as readonly JsonObject[]).map(({ Name, Value }) => [
      said(Name),
      said(Value),
    ]),
  );

export const userData = (ingest: readonly Resource[]): string =>
  said(at(only(ingest, 'AWS::EC2::LaunchTemplate'), 'LaunchTemplateData', 'UserData'));
