import type { Baseline } from './baselines/baseline.ts';
import type { Recording } from './record.ts';
import { quantile, round, type Figures, type Outcome } from './run.ts';

/** Of several runs: counts and hours summed, waits over all encoders, the longest rollout. */
export function totalOf(outcomes: readonly Outcome[]): Figures {
  const sum = (of: (figures: Figures) => number): number =>
    outcomes.reduce((total, { figures }) => total + of(figures), 0);
  const hostHours = sum((figures) => figures.host_hours);
  const bound = sum((figures) => figures.lower_bound_hours);
  const waits = outcomes.flatMap(({ world }) => world.tally.waitsMs);
  return {
    interrupted: sum((figures) => figures.interrupted),
    refused: sum((figures) => figures.refused),
    encoders: sum((figures) => figures.encoders),
    wait_p999_s: round(quantile(waits, 0.999) / 1000, 1),
    host_hours: round(hostHours, 1),
    lower_bound_hours: round(bound, 1),
    ratio: bound === 0 ? 0 : round(hostHours / bound, 4),
    violations: sum((figures) => figures.violations),
    rollout_last_task_old_image_h: Math.max(
      ...outcomes.map(({ figures }) => figures.rollout_last_task_old_image_h),
    ),
  };
}

export function describeTotal(outcomes: readonly Outcome[]): string {
  const total = totalOf(outcomes);
  const ratios = outcomes.map(({ figures }) => figures.ratio).toSorted((a, b) => a - b);
  const share = total.encoders === 0 ? 0 : (total.refused / total.encoders) * 10_000;
  return [
    '',
    `${outcomes.length} seeds: ratio ${ratios[0]} to ${ratios.at(-1)}, ` +
      `${round(share, 2)} refused in 10,000 encoders, ` +
      `${total.interrupted} interrupted, ${total.violations} violations`,
  ].join('\n');
}

/** How many violations and errors are printed in words. */
const shown = 10;

export function describe(
  outcome: Outcome,
  recording: Recording,
  others: readonly Baseline[],
  /** Of processor time: what others do on this machine does not count. */
  seconds: number,
): string {
  const { options, world, figures, rollouts } = outcome;
  const { tally } = world;
  const lines = [
    '',
    `seed ${options.seed}: ${options.days} day${options.days === 1 ? '' : 's'} at peak ${options.peak}, ${options.room} a host, ` +
      `faults ${!options.faults ? 'off' : options.faultRate === 1 ? 'on' : `times ${options.faultRate ?? 1}`}; ${outcome.passes} passes in ${seconds.toFixed(1)} s of a core`,
    `  broadcasts   ${tally.broadcasts} by ${tally.encoders} encoders; cut by the scheduler ${tally.cut.scheduler}, ` +
      `by faults ${tally.cut.fault}`,
    `  refused      ${tally.refusedEncoders} encoders${inBrackets(words(tally.refusals))}, ${tally.gaveUp} gave up`,
    `  drops        ${tally.drops}: back to the same task ${tally.resumed.sameTask}, to another ` +
      `${tally.resumed.otherTask}, after a death ${tally.resumed.afterDeath}; ${tally.resumesRefused} tries refused, ` +
      `${tally.brokenApart} went on as a new broadcast`,
    `  passed on    ${tally.passedOn} connections, through a full host to another`,
    `  images       ${rollouts.pushes.length} pushed; last task of an old one after at most ${figures.rollout_last_task_old_image_h} h`,
    `  faults       ${words(tally.faults) || 'none'}`,
    `  hosts        ${tally.launches} launched, ${tally.taskStarts} tasks came up`,
    `  decisions    ${[...recording.decisions].map(([reason, actions]) => `${reason} ${total(actions)}`).join(', ')}`,
    `  alarms       ${[...recording.alarms].map(([name, passes]) => `${name} in ${passes} passes`).join(', ') || 'none'}`,
    '',
    `  ${'host hours'.padStart(37)} ${'ratio'.padStart(7)} ${'cut'.padStart(7)} ${'at releases'.padStart(12)} ${'refused'.padStart(8)}`,
    row('tidecast', figures.host_hours, figures, tally.cut.scheduler, 0, tally.refusedEncoders),
    ...others.map((other) =>
      row(other.name, other.hostHours, figures, other.cutByScaling, other.cutByReleases, other.refused),
    ),
  ];
  for (const { at, invariant, text } of tally.violations.slice(0, shown)) {
    lines.push(`  violation    ${invariant} ${new Date(at).toISOString()} ${text}`);
  }
  if (tally.violations.length > shown) lines.push(`  … and ${tally.violations.length - shown} more`);
  for (const failure of outcome.failures.slice(0, shown)) lines.push(`  failure      ${failure}`);
  return lines.join('\n');
}

const words = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');

const inBrackets = (text: string): string => (text === '' ? '' : ` (${text})`);

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

function row(
  name: string,
  hours: number,
  figures: Figures,
  cut: number,
  atReleases: number,
  refused: number,
): string {
  const ratio = figures.lower_bound_hours === 0 ? 0 : hours / figures.lower_bound_hours;
  return (
    `  ${name.padEnd(24)} ${hours.toFixed(0).padStart(12)} ${ratio.toFixed(3).padStart(7)} ` +
    `${String(cut).padStart(7)} ${String(atReleases).padStart(12)} ${String(refused).padStart(8)}`
  );
}
