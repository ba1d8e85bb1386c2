import type { Deployment } from './deployment.ts';
import { IamError, type Statement } from './evaluate.ts';

interface Document {
  readonly Statement: readonly Statement[];
}

/** Managed policies of AWS that our roles have, as far as anybody has written them down here. */
const ofAws: Readonly<Record<string, readonly Statement[]>> = {};

const documentOf = (deployment: Deployment, stack: string, document: unknown): readonly Statement[] =>
  (deployment.resolve(stack, document) as Document).Statement;

function managed(arn: string): readonly Statement[] {
  const statements = ofAws[arn];
  if (statements === undefined) throw new IamError(`what ${arn} allows is not known here`);
  return statements;
}

/** Everything that a role is allowed and denied, in whichever stack that stands. */
export function statementsOf(deployment: Deployment, roleArn: string): readonly Statement[] {
  const role = deployment
    .resources('AWS::IAM::Role')
    .find(({ stack, id }) => deployment.text(stack, { 'Fn::GetAtt': [id, 'Arn'] }) === roleArn);
  if (role === undefined) throw new IamError(`no stack has the role ${roleArn}`);
  const name = deployment.text(role.stack, { Ref: role.id });
  const { Policies = [], ManagedPolicyArns = [] } = (role.resource.Properties ?? {}) as {
    readonly Policies?: readonly { readonly PolicyDocument: unknown }[];
    readonly ManagedPolicyArns?: readonly unknown[];
  };
  const attached = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy'].flatMap((type) =>
    deployment.resources(type).flatMap(({ stack, resource }) => {
      const { Roles = [], PolicyDocument } = resource.Properties ?? {};
      const roles = deployment.resolve(stack, Roles) as readonly string[];
      return roles.includes(name) ? documentOf(deployment, stack, PolicyDocument) : [];
    }),
  );
  return [
    ...Policies.flatMap(({ PolicyDocument }) => documentOf(deployment, role.stack, PolicyDocument)),
    ...ManagedPolicyArns.flatMap((arn) => managed(deployment.text(role.stack, arn))),
    ...attached,
  ];
}

/** The role and the environment of the one function in a stack. */
export function functionOf(
  deployment: Deployment,
  stack: string,
): { readonly statements: readonly Statement[]; readonly environment: Readonly<Record<string, string>> } {
  const [found, ...others] = deployment.resources('AWS::Lambda::Function', stack);
  if (found === undefined || others.length > 0)
    throw new IamError(`${stack} has ${others.length + 1} functions`);
  const { Role, Environment } = found.resource.Properties ?? {};
  const { Variables = {} } = (deployment.resolve(stack, Environment) ?? {}) as {
    readonly Variables?: Readonly<Record<string, string>>;
  };
  return { statements: statementsOf(deployment, deployment.text(stack, Role)), environment: Variables };
}

/** The role that the containers of the one task definition in a stack have. */
export function taskOf(deployment: Deployment, stack: string): { readonly statements: readonly Statement[] } {
  const [found, ...others] = deployment.resources('AWS::ECS::TaskDefinition', stack);
  if (found === undefined || others.length > 0)
    throw new IamError(`${stack} has ${others.length + 1} task definitions`);
  return {
    statements: statementsOf(deployment, deployment.text(stack, found.resource.Properties?.['TaskRoleArn'])),
  };
}
