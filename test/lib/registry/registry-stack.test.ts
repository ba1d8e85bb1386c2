import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { schedulerEnvironment } from '../../../core/environment/scheduler.ts';
import type { TidecastConfig } from '../../../lib/config.ts';
import { RegistryStack, releaseTag } from '../../../lib/registry/registry-stack.ts';
import { synthesise } from '../synthesise.ts';

interface Repository {
  readonly DeletionPolicy: string;
  readonly Properties: {
    readonly RepositoryName: string;
    readonly ImageTagMutability: string;
    readonly ImageScanningConfiguration: { readonly ScanOnPush: boolean };
    readonly LifecyclePolicy: { readonly LifecyclePolicyText: string };
    readonly EmptyOnDelete?: boolean;
  };
}

function repositoryOf(config: Partial<TidecastConfig> = {}): Repository {
  const { stacks } = synthesise(
    { region: 'ap-northeast-1', profile: 'small', ...config },
    (app, settings) => new RegistryStack(app, settings),
    { isChecked: false },
  );
  const resources = stacks.get('registry')?.template.findResources('AWS::ECR::Repository') ?? {};
  return Object.values(resources)[0] as unknown as Repository;
}

const kept = repositoryOf();

interface LifecycleRule {
  readonly rulePriority: number;
  readonly selection: {
    readonly tagStatus: 'tagged' | 'any';
    readonly tagPatternList?: readonly string[];
    readonly countType: string;
    readonly countNumber: number;
  };
}

interface Image {
  readonly tags: readonly string[];
  readonly pushedAt: number;
}

/** As ECR evaluates rules: what the tags of one match, a later one never takes, whether the first did or not. */
function expired(images: readonly Image[]): ReadonlySet<Image> {
  const { rules } = JSON.parse(kept.Properties.LifecyclePolicy.LifecyclePolicyText) as {
    readonly rules: readonly LifecycleRule[];
  };
  const gone = new Set<Image>();
  const settled = new Set<Image>();
  for (const { selection } of rules.toSorted((a, b) => a.rulePriority - b.rulePriority)) {
    expect(selection.countType).toBe('imageCountMoreThan');
    const { tagPatternList: patterns = [] } = selection;
    const matching = images.filter(({ tags }) =>
      patterns.every((pattern) =>
        tags.some((tag) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(tag)),
      ),
    );
    for (const image of matching.toSorted((a, b) => b.pushedAt - a.pushedAt).slice(selection.countNumber))
      if (!settled.has(image)) gone.add(image);
    if (patterns.length > 0) for (const image of matching) settled.add(image);
  }
  return gone;
}

describe('the repository of ingest images', () => {
  it('lets a release move its tag', () => {
    expect(kept.Properties.ImageTagMutability).toBe('MUTABLE');
    expect(schedulerEnvironment.shape.RELEASE_TAG.parse(undefined)).toBe(releaseTag);
  });

  it('has a name that is known before, for who pushes to it', () => {
    expect(kept.Properties.RepositoryName).toBe('tidecast/ingest');
    expect(schedulerEnvironment.shape.REPOSITORY.parse('tidecast/ingest')).toBe('tidecast/ingest');
  });

  it('looks at each image for known holes', () => {
    expect(kept.Properties.ImageScanningConfiguration.ScanOnPush).toBe(true);
  });

  it('outlives its stack where data is kept, and else goes with its images', () => {
    expect(kept.DeletionPolicy).toBe('Retain');
    expect(kept.Properties.EmptyOnDelete ?? false).toBe(false);
    const other = repositoryOf({ keepData: false });
    expect(other.DeletionPolicy).toBe('Delete');
    expect(other.Properties.EmptyOnDelete).toBe(true);
  });

  it('never removes what is released, what somebody keeps, or the newest thirty', () => {
    const image = fc.record({
      tags: fc.subarray(['v1', 'keep-2025', 'main']),
      pushedAt: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(image, { minLength: 1, maxLength: 120 }), fc.nat(), (pushed, at) => {
        const images: readonly Image[] = pushed.map((each, index) => ({
          pushedAt: each.pushedAt,
          tags: index === at % pushed.length ? [...each.tags, releaseTag] : each.tags,
        }));
        const gone = expired(images);
        const newest = images.toSorted((a, b) => b.pushedAt - a.pushedAt).slice(0, 30);
        for (const each of images.filter(
          ({ tags }) => tags.includes(releaseTag) || tags.includes('keep-2025'),
        ))
          expect(gone.has(each)).toBe(false);
        for (const each of newest) expect(gone.has(each)).toBe(false);
        // And the rest does go: they cost money.
        expect(images.length - gone.size).toBeLessThanOrEqual(
          30 +
            images.filter(
              ({ tags }) => tags.length > 0 && (tags.includes(releaseTag) || tags.includes('keep-2025')),
            ).length,
        );
      }),
    );
  });
});
