import { describe, expect, it } from 'vitest';
import { Deployment } from './deployment.ts';
import { IamError } from './evaluate.ts';
import { functionOf, statementsOf } from './roles.ts';

const place = { account: '111122223333', region: 'ap-northeast-1' };
const role = 'arn:aws:iam::111122223333:role/worker';
const statement = { Effect: 'Allow', Action: 'a:B', Resource: '*' };

const deployment = new Deployment(
  new Map<string, unknown>([
    [
      'data',
      {
        Resources: {
          Fleet: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { TableName: 'tidecast-fleet' } },
          Archive: { Type: 'AWS::S3::Bucket' },
          Odd: { Type: 'AWS::Odd::Thing' },
        },
        Outputs: {
          FleetArn: {
            Value: { 'Fn::GetAtt': ['Fleet', 'Arn'] },
            Export: { Name: { 'Fn::Sub': '${AWS::StackName}:fleet' } },
          },
        },
      },
    ],
    [
      'work',
      {
        Parameters: { Given: { Default: 'as-given' } },
        Resources: {
          Role: {
            Type: 'AWS::IAM::Role',
            Properties: {
              RoleName: 'worker',
              Policies: [
                { PolicyName: 'p', PolicyDocument: { Statement: [{ ...statement, Sid: 'inline' }] } },
              ],
            },
          },
          Policy: {
            Type: 'AWS::IAM::Policy',
            Properties: {
              Roles: [{ Ref: 'Role' }],
              PolicyDocument: {
                Statement: [
                  {
                    ...statement,
                    Resource: { 'Fn::GetStackOutput': { StackName: 'data', OutputName: 'FleetArn' } },
                  },
                ],
              },
            },
          },
          Others: {
            Type: 'AWS::IAM::Policy',
            Properties: { Roles: ['another'], PolicyDocument: { Statement: [statement] } },
          },
          Worker: {
            Type: 'AWS::Lambda::Function',
            Properties: {
              Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
              Environment: { Variables: { ZONE: { Ref: 'AWS::Region' } } },
            },
          },
          Managed: {
            Type: 'AWS::IAM::Role',
            Properties: { RoleName: 'managed', ManagedPolicyArns: ['arn:aws:iam::aws:policy/Anything'] },
          },
        },
      },
    ],
  ]),
  place,
);
const fleet = 'arn:aws:dynamodb:ap-northeast-1:111122223333:table/tidecast-fleet';

describe('a deployment', () => {
  it.each<[string, unknown, unknown]>([
    ['text', 'x', 'x'],
    ['Ref of a name', { Ref: 'Role' }, 'worker'],
    ['Ref of a parameter', { Ref: 'Given' }, 'as-given'],
    ['Ref of the account', { Ref: 'AWS::AccountId' }, place.account],
    ['GetAtt', { 'Fn::GetAtt': ['Role', 'Arn'] }, role],
    ['GetAtt in one word', { 'Fn::GetAtt': 'Role.Arn' }, role],
    ['Join', { 'Fn::Join': ['-', ['a', { Ref: 'Role' }]] }, 'a-worker'],
    ['Sub', { 'Fn::Sub': '${AWS::Region}/${Role.Arn}/${Role}' }, `ap-northeast-1/${role}/worker`],
    ['Sub with values of its own', { 'Fn::Sub': ['${a}-${Role}', { a: { Ref: 'Role' } }] }, 'worker-worker'],
    [
      'Select of Split',
      { 'Fn::Select': [5, { 'Fn::Split': [':', { 'Fn::GetAtt': ['Role', 'Arn'] }] }] },
      'role/worker',
    ],
    ['ImportValue', { 'Fn::ImportValue': 'data:fleet' }, fleet],
    ['GetStackOutput', { 'Fn::GetStackOutput': { StackName: 'data', OutputName: 'FleetArn' } }, fleet],
    ['lists and objects', [{ a: [{ Ref: 'Role' }] }], [{ a: ['worker'] }]],
  ])('resolves %s', (_, value, expected) => {
    expect(deployment.resolve('work', value)).toEqual(expected);
  });

  it('makes a name up where the template has none, as CloudFormation does, the same each time', () => {
    const name = deployment.text('data', { Ref: 'Archive' });
    expect(name).toMatch(/^data-archive-/);
    expect(deployment.text('data', { 'Fn::GetAtt': ['Archive', 'Arn'] })).toBe(`arn:aws:s3:::${name}`);
  });

  it.each([
    ['a function that it does not know', { 'Fn::FindInMap': ['a', 'b', 'c'] }],
    ['what is not there', { Ref: 'Nothing' }],
    ['an output that is not there', { 'Fn::GetStackOutput': { StackName: 'data', OutputName: 'No' } }],
    ['a stack that is not there', { 'Fn::GetStackOutput': { StackName: 'none', OutputName: 'No' } }],
    ['an import of nothing', { 'Fn::ImportValue': 'nothing' }],
  ])('guesses nothing of %s', (_, value) => {
    expect(() => deployment.resolve('work', value)).toThrow(IamError);
  });

  it('guesses no ARN of a kind that it does not know', () => {
    expect(() => deployment.resolve('data', { 'Fn::GetAtt': ['Odd', 'Arn'] })).toThrow(/AWS::Odd::Thing/);
  });
});

describe('a role', () => {
  it('has what stands in it and what is attached to it, and nothing of others', () => {
    expect(statementsOf(deployment, role)).toEqual([
      { ...statement, Sid: 'inline' },
      { ...statement, Resource: fleet },
    ]);
  });

  it('with a managed policy of AWS that nobody has looked up is not judged', () => {
    expect(() => statementsOf(deployment, role.replace('worker', 'managed'))).toThrow(/Anything/);
  });

  it('is found by its function, with the environment of that', () => {
    expect(functionOf(deployment, 'work')).toEqual({
      statements: statementsOf(deployment, role),
      environment: { ZONE: 'ap-northeast-1' },
    });
  });
});
