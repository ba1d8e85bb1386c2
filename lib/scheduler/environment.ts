import type { z } from 'zod';
import { policyJson } from '../../core/environment/policy.ts';
import type { schedulerEnvironment } from '../../core/environment/scheduler.ts';
import { ConfigError, type Settings } from '../config.ts';
import type { DataParts, IngestParts, RegistryParts } from '../parts.ts';

/** Lambda gives AWS_REGION itself; the rest has its defaults. */
type Given = Omit<
  z.input<typeof schedulerEnvironment>,
  'AWS_REGION' | 'DYNAMODB_ENDPOINT' | 'TARGET_PORT' | 'RELEASE_TAG' | 'LOG_LEVEL'
>;

/** Of the 4,096 bytes that Lambda has for a function's whole environment; the names in the others need 1,000. */
const longestPolicy = 2_500;

/** The function's environment, as core/environment/scheduler.ts has it. */
export function environmentOf(
  settings: Settings,
  parts: { readonly data: DataParts; readonly registry: RegistryParts; readonly ingest: IngestParts },
): Record<string, string> {
  const { data, registry, ingest } = parts;
  const policy = policyJson(settings.ingest.policy);
  if (policy.length > longestPolicy)
    throw new ConfigError(
      `ingest.policy is too long for the environment of a Lambda: ${policy.length} characters where ${longestPolicy} fit; a number of slots instead of their names is short`,
    );
  return {
    TABLE_PREFIX: data.tables.prefix,
    FLEET: settings.name,
    CLUSTER: ingest.cluster.clusterName,
    TASK_FAMILY: ingest.taskDefinition.family,
    CONTAINER: ingest.containerName,
    HOST_GROUP: ingest.hosts.autoScalingGroupName,
    REPOSITORY: registry.ingest.repositoryName,
    TARGET_GROUP_PREFIX: ingest.targetGroupPrefix,
    POLICY: policy,
    ...(settings.domain === undefined
      ? {}
      : { ZONE_ID: settings.domain.zoneId, INGEST_DOMAIN: settings.domain.ingestName }),
  } satisfies Given;
}
