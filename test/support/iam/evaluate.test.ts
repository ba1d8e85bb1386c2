import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, IamError, matches, matchesArn, type Check, type Statement } from './evaluate.ts';

const task = 'arn:aws:ecs:ap-northeast-1:111122223333:task/ours/1';
const allow = (changes: Partial<Statement> = {}): Statement => ({
  Effect: 'Allow',
  Action: 'ecs:StopTask',
  Resource: 'arn:aws:ecs:ap-northeast-1:111122223333:task/ours/*',
  ...changes,
});
const check = (changes: Partial<Check> = {}): Check => ({
  action: 'ecs:StopTask',
  resource: task,
  context: {},
  ...changes,
});

describe('a call', () => {
  it('is not allowed when nothing allows it', () => {
    expect(evaluate([], check())).toBe('not allowed');
    expect(evaluate([allow({ Action: 'ecs:RunTask' })], check())).toBe('not allowed');
    expect(evaluate([allow()], check({ resource: task.replace('ours', 'theirs') }))).toBe('not allowed');
  });

  it('is allowed by any one statement, whatever the others say of something else', () => {
    expect(evaluate([allow({ Action: 'ecs:RunTask' }), allow()], check())).toBe('allowed');
    expect(evaluate([allow({ Action: ['ecs:RunTask', 'ecs:StopTask'] })], check())).toBe('allowed');
    expect(evaluate([allow({ Resource: ['arn:aws:ecs:::x', '*'] })], check())).toBe('allowed');
  });

  it('is denied where one statement denies it, in whatever order they stand', () => {
    const deny = allow({ Effect: 'Deny', Resource: '*' });
    expect(evaluate([allow(), deny], check())).toBe('denied');
    expect(evaluate([deny, allow()], check())).toBe('denied');
    expect(evaluate([allow(), { ...deny, Action: 'ecs:RunTask' }], check())).toBe('allowed');
  });

  it('does not mind the case of actions, as AWS does not, but that of resources', () => {
    expect(evaluate([allow({ Action: 'ECS:stoptask' })], check())).toBe('allowed');
    expect(evaluate([allow({ Resource: task.toUpperCase() })], check())).toBe('not allowed');
  });

  it('on no resource is allowed only by a statement for all of them', () => {
    expect(evaluate([allow()], check({ resource: '*' }))).toBe('not allowed');
    expect(evaluate([allow({ Resource: '*' })], check({ resource: '*' }))).toBe('allowed');
  });

  it.each<[string, object]>([
    ['a policy element that nobody taught it', { NotAction: 'ecs:RunTask' }],
    ['an operator that nobody taught it', { Condition: { NumericLessThan: { 'ecs:cpu': '1' } } }],
    ['a quantifier that is none', { Condition: { 'ForSomeValues:StringEquals': { a: 'b' } } }],
    ['a policy variable', { Resource: 'arn:aws:s3:::home/${aws:username}' }],
  ])('is not decided with %s', (_, changes) => {
    expect(() => evaluate([{ ...allow(), ...changes }], check({ context: { 'ecs:cpu': '1' } }))).toThrow(
      IamError,
    );
  });
});

describe('a condition', () => {
  const verdict = (condition: NonNullable<Statement['Condition']>, context: Check['context']) =>
    evaluate([allow({ Condition: condition })], check({ context }));

  it.each<[string, NonNullable<Statement['Condition']>, Check['context'], string]>([
    ['StringEquals takes the value', { StringEquals: { k: 'a' } }, { k: 'a' }, 'allowed'],
    ['StringEquals takes any of several', { StringEquals: { k: ['a', 'b'] } }, { k: 'b' }, 'allowed'],
    ['StringEquals takes no other', { StringEquals: { k: 'a' } }, { k: 'A' }, 'not allowed'],
    ['StringEquals knows no wildcards', { StringEquals: { k: '*' } }, { k: 'a' }, 'not allowed'],
    ['a missing key is no value', { StringEquals: { k: 'a' } }, {}, 'not allowed'],
    [
      'keys have no case',
      { StringEquals: { 'AWS:RequestTag/K': 'a' } },
      { 'aws:requesttag/k': 'a' },
      'allowed',
    ],
    ['IfExists takes a missing key', { StringEqualsIfExists: { k: 'a' } }, {}, 'allowed'],
    ['IfExists still takes no other value', { StringEqualsIfExists: { k: 'a' } }, { k: 'b' }, 'not allowed'],
    ['StringNotEquals takes others', { StringNotEquals: { k: 'a' } }, { k: 'b' }, 'allowed'],
    ['StringNotEquals takes a missing key', { StringNotEquals: { k: 'a' } }, {}, 'allowed'],
    [
      'StringNotEquals takes none of several',
      { StringNotEquals: { k: ['a', 'b'] } },
      { k: 'b' },
      'not allowed',
    ],
    ['StringLike knows wildcards', { StringLike: { k: 'a*c?' } }, { k: 'abbcd' }, 'allowed'],
    ['StringNotLike too', { StringNotLike: { k: 'a*' } }, { k: 'abc' }, 'not allowed'],
    [
      'ArnLike compares part by part',
      { ArnLike: { k: 'arn:aws:ecs:*:1:x' } },
      { k: 'arn:aws:ecs:eu:1:x' },
      'allowed',
    ],
    [
      'ArnEquals does the same',
      { ArnEquals: { k: 'arn:aws:ecs:*:1:x' } },
      { k: 'arn:aws:ecs:eu:2:x' },
      'not allowed',
    ],
    ['Bool', { Bool: { k: 'true' } }, { k: 'true' }, 'allowed'],
    ['Null true wants no key', { Null: { k: 'true' } }, { k: 'a' }, 'not allowed'],
    ['Null true is content without', { Null: { k: 'true' } }, {}, 'allowed'],
    ['Null false wants the key', { Null: { k: 'false' } }, {}, 'not allowed'],
    ['Null false wants a value', { Null: { k: 'false' } }, { k: [] }, 'not allowed'],
    [
      'ForAllValues takes values that all fit',
      { 'ForAllValues:StringLike': { k: ['a*', 'b'] } },
      { k: ['ab', 'b'] },
      'allowed',
    ],
    [
      'ForAllValues minds one that does not',
      { 'ForAllValues:StringLike': { k: 'a*' } },
      { k: ['ab', 'b'] },
      'not allowed',
    ],
    ['ForAllValues is true of nothing: the trap', { 'ForAllValues:StringLike': { k: 'a*' } }, {}, 'allowed'],
    [
      'ForAnyValue takes one that fits',
      { 'ForAnyValue:StringEquals': { k: 'a' } },
      { k: ['b', 'a'] },
      'allowed',
    ],
    ['ForAnyValue takes no missing key', { 'ForAnyValue:StringEquals': { k: 'a' } }, {}, 'not allowed'],
    [
      'two operators both count',
      { StringEquals: { k: 'a' }, Null: { l: 'false' } },
      { k: 'a' },
      'not allowed',
    ],
    ['two keys of one operator both count', { StringEquals: { k: 'a', l: 'b' } }, { k: 'a' }, 'not allowed'],
  ])('%s', (_, condition, context, expected) => {
    expect(verdict(condition, context)).toBe(expected);
  });

  it('of one value does not judge several', () => {
    expect(() => verdict({ StringEquals: { k: 'a' } }, { k: ['a', 'b'] })).toThrow(/k has several values/);
  });

  it('is read also where another one has already failed', () => {
    const strange = { StringEquals: { k: 'a' }, DateLessThan: { k: 'b' } };
    expect(() => verdict(strange, { k: 'z' })).toThrow(/DateLessThan/);
  });
});

describe('patterns', () => {
  it('take their own letters literally', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !/[*?]/.test(text)),
        fc.string(),
        (text, other) => {
          expect(matches(text, text)).toBe(true);
          expect(matches(text, other)).toBe(text === other);
          expect(matches(`${text}*`, text + other)).toBe(true);
        },
      ),
    );
  });

  it('of ARNs do not reach from one part into the next', () => {
    expect(matchesArn('arn:aws:ecs:*:1:task/x', 'arn:aws:ecs:eu:9:1:task/x')).toBe(false);
    expect(matchesArn('arn:aws:ecs:*:task/x', 'arn:aws:ecs:eu:1:task/x')).toBe(false);
    expect(matchesArn('arn:aws:autoscaling:eu:1:g:*:name/a', 'arn:aws:autoscaling:eu:1:g:uuid:name/a')).toBe(
      true,
    );
  });
});
