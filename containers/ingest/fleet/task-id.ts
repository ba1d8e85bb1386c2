/** The task could not learn who it is: it can't be a member of a fleet without a name. */
export class TaskIdError extends Error {
  override readonly name = 'TaskIdError';
}

/** The endpoint is on the host itself; the agent answers within milliseconds unless it is starting. */
const tries = 5;
const timeoutMs = 2_000;
const pauseMs = 500;

/**
 * The name of a task on ECS: the last part of its ARN, from the container agent (task metadata endpoint
 * version 4). The ARN is not known before the task is started, so no environment can hold it.
 * @param metadataUri ECS_CONTAINER_METADATA_URI_V4, which the agent sets in every container.
 */
export async function taskIdFromEcs(
  metadataUri: string | undefined,
  wait: (ms: number) => Promise<void>,
): Promise<string> {
  if (metadataUri === undefined || metadataUri === '') {
    throw new TaskIdError(
      'TASK_ID is not set, and neither is ECS_CONTAINER_METADATA_URI_V4: outside of ECS give the task a name',
    );
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(`${metadataUri}/task`);
    } catch (cause) {
      if (attempt === tries)
        throw new TaskIdError("TASK_ID is not set, and ECS does not say the task's ARN", { cause });
      await wait(pauseMs);
    }
  }
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
  if (!response.ok) throw new TaskIdError(`the metadata endpoint answers ${response.status}`);
  const metadata: unknown = await response.json();
  const arn =
    typeof metadata === 'object' && metadata !== null && 'TaskARN' in metadata ? metadata.TaskARN : undefined;
  const id =
    typeof arn === 'string' ? /^arn:[^/]+:task\/(?:[^/]+\/)?([\w-]{1,64})$/.exec(arn)?.[1] : undefined;
  if (id === undefined) throw new TaskIdError('the metadata endpoint names no task ARN');
  return id;
}
