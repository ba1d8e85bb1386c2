import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { drainDeadlineS } from './environment.ts';

/** Of a task that has waited in vain, to bring its last segments home: 25 s (runtime/lifecycle/shutdown.ts), and some. */
const lastWordsS = 60;

/** After SIGTERM Docker waits so long before it kills: longer than the task waits for its shows. */
export const stopTimeoutS = drainDeadlineS + lastWordsS;

/** The host's folder for the spool, and who owns it: the user of the container. */
export const spoolHostPath = '/var/lib/tidecast/spool';
export const taskUser = { uid: 1000, gid: 1000 } as const;

/** Of EC2, for credentials of the instance and more. The task has its own from elsewhere (169.254.170.2). */
const metadataAddress = '169.254.169.254';
const everyBoot = '/var/lib/cloud/scripts/per-boot/tidecast';

/** What a host does when it starts, before its agent reports. */
export function userDataOf(options: {
  readonly clusterName: string;
  readonly reservedMemoryMiB: number;
}): ec2.UserData {
  const { uid, gid } = taskUser;
  const agent = {
    ECS_CLUSTER: options.clusterName,
    ECS_CONTAINER_STOP_TIMEOUT: `${stopTimeoutS}s`,
    ECS_RESERVED_MEMORY: String(options.reservedMemoryMiB),
    // The task's own role and no other, also in the host's network.
    ECS_ENABLE_TASK_IAM_ROLE: 'true',
    ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST: 'true',
    ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE: 'true',
    ECS_AVAILABLE_LOGGING_DRIVERS: '["awslogs","json-file"]',
  };
  const userData = ec2.UserData.forLinux();
  userData.addCommands(
    ...Object.entries(agent).map(([name, value]) => `echo '${name}=${value}' >> /etc/ecs/ecs.config`),
    `install -d -o ${uid} -g ${gid} -m 0700 ${spoolHostPath}`,
    // The task shares the host's network: the host's own credentials are none of its business. Rules don't outlast
    // a restart, scripts of this folder run at each.
    `echo -e '#!/bin/sh\\niptables --insert OUTPUT --destination ${metadataAddress} --match owner --uid-owner ${uid} --jump REJECT' > ${everyBoot}`,
    `chmod +x ${everyBoot}`,
    everyBoot,
  );
  return userData;
}
