import { FleetCallError, type FleetStore, type Infrastructure } from '../../../core/fleet/ports.ts';
import type { Images } from './images.ts';

/**
 * The schedule is there before everything else that a first deployment makes, and before anybody has pushed an
 * image: until then there is nothing to run, and hosts without it would only cost.
 */
export async function whatIsMissing(parts: {
  readonly infrastructure: Infrastructure;
  readonly images: Images;
  readonly store: Pick<FleetStore, 'report'>;
  readonly signal: AbortSignal;
}): Promise<string | undefined> {
  const { infrastructure, images, store, signal } = parts;
  let hasRun: boolean;
  try {
    const report = await store.report();
    hasRun = (report?.snapshot.sources.tasks?.value.length ?? 0) > 0;
  } catch (error) {
    if (isMissingTable(error)) return 'the fleet table is not there yet';
    throw error;
  }
  const noDefinition = await refusalOf(images.checkBase(signal));
  if (noDefinition !== undefined) return `the task definition is not there yet (${noDefinition})`;
  const noImage = await refusalOf(infrastructure.read('release', signal));
  // A fleet that runs goes on without a release: its image is known from its tasks.
  return noImage === undefined || hasRun ? undefined : `no image has been pushed yet (${noImage})`;
}

const isMissingTable = (error: unknown): boolean =>
  error instanceof Error && (error.name === 'ResourceNotFoundException' || isMissingTable(error.cause));

/** What was refused, in words; other failures are no answer to the question. */
async function refusalOf(calling: Promise<unknown>): Promise<string | undefined> {
  try {
    await calling;
    return undefined;
  } catch (error) {
    if (error instanceof FleetCallError && error.kind === 'refused') return error.message;
    throw error;
  }
}
