import type { Gap } from '../proxy/proxy.ts';
import { AwsRefusal } from '../proxy/wire.ts';
import type { Direct } from './direct.ts';

/** What moto lets pass that Auto Scaling refuses. */
export function hostGaps(direct: Direct): readonly Gap[] {
  return [
    {
      name: 'SetInstanceProtection of an instance that the group does not have',
      document: 'autoscaling/ec2/APIReference/API_SetInstanceProtection.html',
      service: 'autoscaling',
      operations: ['SetInstanceProtection'],
      handle: async (call, next) => {
        const id = String(call.input['InstanceIds.member.1']);
        if ((await direct.groupOf(id)) !== call.input['AutoScalingGroupName'])
          throw new AwsRefusal(
            400,
            'ValidationError',
            `The instance ${id} is not part of Auto Scaling group`,
          );
        return next(call);
      },
    },
    {
      name: 'SetDesiredCapacity above MaxSize',
      document: 'autoscaling/ec2/APIReference/API_SetDesiredCapacity.html',
      service: 'autoscaling',
      operations: ['SetDesiredCapacity'],
      handle: async (call, next) => {
        const { AutoScalingGroupName: group, DesiredCapacity: desired } = call.input;
        const most = await direct.maxSize(String(group));
        if (most !== undefined && Number(desired) > most)
          throw new AwsRefusal(
            400,
            'ValidationError',
            `New SetDesiredCapacity value ${String(desired)} is above max value ${most} for the AutoScalingGroup.`,
          );
        return next(call);
      },
    },
    {
      name: 'TerminateInstanceInAutoScalingGroup: instances that are gone, and their tags',
      document: 'autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html',
      service: 'autoscaling',
      operations: ['TerminateInstanceInAutoScalingGroup'],
      handle: async (call, next) => {
        const id = String(call.input['InstanceId']);
        const group = await direct.groupOf(id);
        if (group === undefined)
          throw new AwsRefusal(
            400,
            'ValidationError',
            `Instance Id not found - No managed instance found for instance ID: ${id}`,
          );
        const answer = await next(call);
        // moto takes the instance's tag away with its membership: EC2 shows it, terminated, for an hour.
        if (answer.status === 200) await direct.tag(id, 'aws:autoscaling:groupName', group);
        return answer;
      },
    },
  ];
}
