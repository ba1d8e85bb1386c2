import type { Gap } from '../proxy/proxy.ts';
import { AwsRefusal, bodyOf, type Answer } from '../proxy/wire.ts';

/** Neither emulator remembers RunTask's clientToken: the second call is a second task. */
export function clientTokenGap(): Gap & { readonly clear: () => void } {
  const used = new Map<string, { readonly request: string; readonly answer: Answer }>();
  return {
    name: 'RunTask.clientToken',
    document: 'AmazonECS/latest/APIReference/ECS_Idempotency.html',
    service: 'ecs',
    operations: ['RunTask'],
    handle: async (call, next) => {
      const token = call.input['clientToken'];
      if (typeof token !== 'string') return next(call);
      if (token.length > 64)
        throw new AwsRefusal(400, 'InvalidParameterException', 'clientToken is too long');
      const request = JSON.stringify(call.input);
      const before = used.get(token);
      if (before !== undefined) {
        if (before.request === request) return before.answer;
        throw new AwsRefusal(
          400,
          'ConflictException',
          'The RunTask request could not be processed due to conflicts. The provided clientToken is already in use with a different RunTask request.',
          { resourceIds: tasksIn(before.answer) },
        );
      }
      const answer = await next(call);
      // A call that started nothing did not use its token up.
      if (answer.status === 200 && tasksIn(answer).length > 0) used.set(token, { request, answer });
      return answer;
    },
    clear: () => used.clear(),
  };
}

const tasksIn = (answer: Answer): readonly string[] =>
  (bodyOf(answer)['tasks'] as readonly { readonly taskArn: string }[]).map(({ taskArn }) => taskArn);
