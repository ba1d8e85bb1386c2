import type { Baseline } from '../baselines/baseline.ts';
import { costOfHours, usdPerHostHour } from '../cost.ts';
import type { Recording } from '../record.ts';
import type { Outcome } from '../run.ts';
import { curves } from './curves.ts';
import { escape } from './chart.ts';
import { page } from './page.ts';

export interface ReportOptions {
  readonly outcome: Outcome;
  readonly recording: Recording;
  readonly others: readonly Baseline[];
}

const integer = (value: number): string => Math.round(value).toLocaleString('en');

export function drawReport(options: ReportOptions): string {
  const { outcome, recording } = options;
  const { options: asked } = outcome;
  const title = `Fleet simulation: ${asked.days} day${asked.days === 1 ? '' : 's'}, peak ${asked.peak}, seed ${asked.seed}`;
  const pushes = outcome.rollouts.pushes.length;
  const body = [
    `<h1>${escape(title)}</h1>`,
    `<p>The real planner and loop against a model of the account, ${asked.room} typical broadcasts a host, ` +
      `faults ${asked.faults ? 'on' : 'off'}, ${pushes} image push${pushes === 1 ? '' : 'es'}, ` +
      `${integer(outcome.passes)} passes. Times are Japanese.</p>`,
    tiles(outcome),
    comparison(options),
    ...curves(options),
    `<div class="two">${bars('Decisions by reason', 'Calls that were made.', decisionCounts(recording))}` +
      `${bars('What went wrong on purpose', 'Faults that the model made happen.', Object.entries(outcome.world.tally.faults))}</div>`,
    `<div class="two">${bars('Alarms', 'Passes in which each stood.', [...recording.alarms])}` +
      `${bars('Refusals', 'First connects that were refused, by what the encoder met.', Object.entries(outcome.world.tally.refusals))}</div>`,
    findings(outcome),
  ];
  return page(title, body.join('\n'));
}

function tiles({ figures, world }: Outcome): string {
  const share = figures.encoders === 0 ? 0 : (figures.refused / figures.encoders) * 10_000;
  const tile = (value: string, name: string, isWrong = false): string =>
    `<div class="tile${isWrong ? ' wrong' : ''}"><b>${value}</b><span>${escape(name)}</span></div>`;
  return `<div class="tiles">${[
    tile(integer(figures.interrupted), 'broadcasts cut by the scheduler', figures.interrupted > 0),
    tile(integer(figures.violations), 'invariants broken', figures.violations > 0),
    tile(share.toFixed(1), `refused in 10,000 encoders (${figures.refused} of ${integer(figures.encoders)})`),
    tile(figures.ratio.toFixed(3), 'host hours per clairvoyant bound'),
    tile(integer(figures.host_hours), `host hours, ${integer(costOfHours(figures.host_hours))} USD`),
    tile(`${figures.wait_p999_s} s`, 'wait to be live, 99.9th percentile'),
    tile(`${figures.rollout_last_task_old_image_h} h`, 'longest until an old image was gone'),
    tile(integer(world.tally.cut.fault), 'broadcasts cut by dying hosts and tasks'),
  ].join('')}</div>`;
}

function comparison({ outcome, others }: ReportOptions): string {
  const { figures, world } = outcome;
  const bound = figures.lower_bound_hours;
  const row = (name: string, note: string, hours: number, counts: readonly (number | undefined)[]): string =>
    `<tr><td>${escape(name)}<small>${escape(note)}</small></td><td>${integer(hours)}</td>` +
    `<td>${bound === 0 ? '–' : (hours / bound).toFixed(2)}</td><td>${integer(costOfHours(hours))}</td>` +
    `${counts.map((count) => `<td>${count === undefined ? '–' : integer(count)}</td>`).join('')}</tr>`;
  return `<section>
<h2>Beside three others on the same trace</h2>
<p>Cost: ${usdPerHostHour.toFixed(3)} USD a host hour (c8g.4xlarge on demand in Tokyo with its address, catalogue of late 2025).</p>
<div class="scroll"><table>
<thead><tr><th></th><th>Host hours</th><th>Per bound</th><th>USD</th><th>Cut by scaling</th><th>Cut by releases</th><th>Refused</th></tr></thead>
<tbody>
${row('Tidecast', 'this run', figures.host_hours, [world.tally.cut.scheduler, 0, figures.refused])}
${others
  .map((other) => {
    const isBound = other.name.includes('bound');
    const counts = [other.cutByScaling, other.cutByReleases, other.refused];
    return row(other.name, other.note, other.hostHours, isBound ? counts.map(() => undefined) : counts);
  })
  .join('\n')}
</tbody></table></div>
</section>`;
}

function decisionCounts(recording: Recording): readonly (readonly [string, number])[] {
  return [...recording.decisions].map(([reason, actions]) => [
    reason,
    [...actions.values()].reduce((sum, count) => sum + count, 0),
  ]);
}

function bars(title: string, explains: string, counts: readonly (readonly [string, number])[]): string {
  const shown = counts.filter(([, count]) => count > 0).toSorted(([, a], [, b]) => b - a);
  const most = Math.max(1, ...shown.map(([, count]) => count));
  const rows = shown.map(
    ([name, count]) =>
      `<div>${escape(name)}</div><i style="width:${((count / most) * 100).toFixed(1)}%"></i><span>${integer(count)}</span>`,
  );
  const body = rows.length === 0 ? '<p>None.</p>' : `<div class="bars">${rows.join('')}</div>`;
  return `<section><h2>${escape(title)}</h2><p>${escape(explains)}</p>${body}</section>`;
}

/** How many findings are listed. */
const listed = 40;

function findings({ world, failures }: Outcome): string {
  const { violations } = world.tally;
  if (violations.length + failures.length === 0) return '';
  const lines = [
    ...violations.map(({ invariant, at, text }) => `${invariant} at ${new Date(at).toISOString()}: ${text}`),
    ...failures,
  ];
  const rest = lines.length - listed;
  return `<section><h2>Invariants broken and passes failed</h2><ul class="found">${lines
    .slice(0, listed)
    .map((line) => `<li>${escape(line)}</li>`)
    .join('')}${rest > 0 ? `<li>… and ${rest} more</li>` : ''}</ul></section>`;
}
