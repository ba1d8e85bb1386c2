import type { App } from 'aws-cdk-lib';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import type { Settings } from '../config.ts';
import { removalOf } from '../keeping.ts';
import { ingestRepositoryName } from '../naming.ts';
import type { RegistryParts } from '../parts.ts';
import { TidecastStack } from '../stack.ts';

/** Tag that a release moves: RELEASE_TAG of the scheduler, whose default is this. */
export const releaseTag = 'release';

/**
 * Images that are kept, newest first. A task goes by its digest, not by the tag, and pulls it on every new host: the
 * image of the tasks must outlive the release that is to replace them. Tasks of an old image are drained within 38 h
 * (policy.rollout.patienceMs, drain.stuckMs), and where a release never serves, they go on with the old one: so many
 * pushes in a row would have to fail before it was lost. 30 images of 250 MB cost about $0.75 a month.
 */
const keptImages = 30;
/** Of one tag there is never more than one image, so this never takes any. */
const never = 1000;

/** Images of the ingest task. A stack of its own: somebody has to push one before anything can run (notes aws, pitfall 7). */
export class RegistryStack extends TidecastStack implements RegistryParts {
  readonly ingest: ecr.Repository;

  constructor(app: App, settings: Settings) {
    super(app, { part: 'registry', settings, description: 'images of the ingest task' });
    this.ingest = new ecr.Repository(this, 'Ingest', {
      repositoryName: ingestRepositoryName(settings.name),
      // A release moves its tag. What runs is named by its digest, which nobody can move.
      imageTagMutability: ecr.TagMutability.MUTABLE,
      imageScanOnPush: true,
      encryption: ecr.RepositoryEncryption.AES_256,
      removalPolicy: removalOf(settings.keepData),
      emptyOnDelete: !settings.keepData,
      // ECR: what the tags of a rule match, no later rule takes away. So the first two are there to keep.
      lifecycleRules: [
        {
          rulePriority: 1,
          description: 'Keep what is released, however old',
          tagStatus: ecr.TagStatus.TAGGED,
          tagPatternList: [releaseTag],
          maxImageCount: never,
        },
        {
          rulePriority: 2,
          description: 'Keep what somebody has tagged keep-...',
          tagStatus: ecr.TagStatus.TAGGED,
          tagPatternList: ['keep-*'],
          maxImageCount: never,
        },
        {
          rulePriority: 3,
          description: `Keep the newest ${keptImages}`,
          tagStatus: ecr.TagStatus.ANY,
          maxImageCount: keptImages,
        },
      ],
    });
  }
}
