import { DescribeImagesCommand, type ECRClient } from '@aws-sdk/client-ecr';
import { FleetCallError } from '../../../core/fleet/ports.ts';
import type { ReleaseFact } from '../../../core/fleet/snapshot.ts';
import { call } from './errors.ts';

/** The image behind the release tag. Asked for by DescribeImages: BatchGetImage would count as a pull. */
export interface Release {
  read(signal: AbortSignal): Promise<ReleaseFact>;
}

export function createRelease(parts: {
  readonly client: ECRClient;
  readonly repository: string;
  readonly tag: string;
}): Release {
  const { client, repository, tag } = parts;
  return {
    read: async (signal) => {
      const command = new DescribeImagesCommand({
        repositoryName: repository,
        imageIds: [{ imageTag: tag }],
      });
      const { imageDetails: [image] = [] } = await call(
        `look up ${repository}:${tag}`,
        client.send(command, { abortSignal: signal }),
      );
      if (image?.imageDigest === undefined)
        throw new FleetCallError(`there is no image ${repository}:${tag}`, { kind: 'refused' });
      return { digest: image.imageDigest, pushedAt: image.imagePushedAt?.getTime() ?? 0 };
    },
  };
}
