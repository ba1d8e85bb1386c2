import type { Baseline } from '../baselines/baseline.ts';
import type { Recording, Sample } from '../record.ts';
import type { Outcome } from '../run.ts';
import { drawChart, type ChartOptions, type Line, type Mark, type Tick } from './chart.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Japan is nine hours ahead. */
const localMs = 9 * hourMs;
const dayName = new Intl.DateTimeFormat('en', { weekday: 'short', timeZone: 'UTC' });

/** Up to so many days the hours are named, and above this many not even the days. */
const mostDaysWithHours = 2;
const mostNames = 31;
const hoursBetween = 3;

function ticksOf(start: number, end: number): readonly Tick[] {
  const days = (end - start) / dayMs;
  const place = (at: number): number => (at - start) / (end - start);
  const ticks: Tick[] = [];
  if (days <= mostDaysWithHours) {
    const step = hoursBetween * hourMs;
    for (let at = Math.ceil((start + localMs) / step) * step - localMs; at < end; at += step) {
      const hour = ((at + localMs) % dayMs) / hourMs;
      ticks.push({ at: place(at), text: `${String(hour).padStart(2, '0')}:00`, isLine: hour === 0 });
    }
    return ticks;
  }
  for (let noon = Math.floor((start + localMs) / dayMs) * dayMs - localMs + dayMs / 2; ; noon += dayMs) {
    const midnight = noon - dayMs / 2;
    if (midnight > start && midnight < end) ticks.push({ at: place(midnight), text: '', isLine: true });
    if (noon >= end) return ticks;
    if (days <= mostNames && noon > start) {
      ticks.push({ at: place(noon), text: dayName.format(noon + localMs), isLine: false });
    }
  }
}

export function curves(options: {
  readonly outcome: Outcome;
  readonly recording: Recording;
  readonly others: readonly Baseline[];
}): readonly string[] {
  const { outcome, recording, others } = options;
  const { start, end, policy } = outcome;
  const { samples } = recording;
  const frame = { ticks: ticksOf(start, end) };
  const of = (value: (sample: Sample) => number): readonly number[] => samples.map(value);
  const roomOfHost = policy.hosts.roomPoints;
  const inBroadcasts = (points: number): number => points / 1000;
  const charts: ChartOptions[] = [
    {
      ...frame,
      title: 'Demand and room',
      explains:
        'Cost of the live broadcasts, in typical broadcasts of 1000 points, under the room of the tasks that take newcomers and the room of all hosts.',
      unit: 'broadcasts',
      lines: [
        { name: 'live', colour: 'demand', values: of((s) => inBroadcasts(s.usedPoints)), isArea: true },
        { name: 'room of serving tasks', colour: 'ours', values: of((s) => inBroadcasts(s.servingRoom)) },
        {
          name: 'room of all hosts',
          colour: 'room',
          values: of((s) => inBroadcasts(s.hosts * roomOfHost)),
          isDashed: true,
        },
      ],
    },
    {
      ...frame,
      title: 'Hosts',
      explains: 'Paid for, launching ones too, beside what others would have run on the same trace.',
      unit: 'hosts',
      lines: [...others.map(lineOf), { name: 'Tidecast', colour: 'ours', values: of((s) => s.hosts) }],
    },
    {
      ...frame,
      title: 'CPU of the serving hosts',
      explains:
        'From the least to the most used, with the mean; those that are to go are left out. Room is planned to the upper edge of the band.',
      unit: 'share of the cores',
      most: 1,
      format: (value) => `${Math.round(value * 100)} %`,
      band: {
        from: policy.cpu.low,
        to: policy.cpu.high,
        name: `band, ${policy.cpu.low * 100}–${policy.cpu.high * 100} %`,
      },
      lines: [
        {
          name: 'least to most',
          colour: 'demand',
          values: of((s) => s.cpu[2]),
          floor: of((s) => s.cpu[0]),
          isArea: true,
        },
        { name: 'mean', colour: 'ours', values: of((s) => s.cpu[1]) },
      ],
    },
    {
      ...frame,
      title: 'Front set',
      explains: 'Addresses that ingest.<domain> answers with, of all tasks that serve.',
      unit: 'addresses',
      lines: [
        { name: 'serving tasks', colour: 'demand', values: of((s) => s.serving), isArea: true },
        { name: 'front set', colour: 'ours', values: of((s) => s.front) },
      ],
    },
    {
      ...frame,
      title: 'Rollouts',
      explains:
        'Running tasks by image, the oldest at the bottom; four colours that repeat. Dotted lines are pushes, red ones of broken images.',
      unit: 'tasks',
      lines: imageLines(samples),
      marks: pushMarks(outcome),
    },
    {
      ...frame,
      title: 'Tasks that are to go',
      explains: 'Expired or draining: each waits for its last broadcast.',
      unit: 'tasks',
      lines: [{ name: 'expired or draining', colour: 'go', values: of((s) => s.toGo), isArea: true }],
      marks: pushMarks(outcome),
    },
    {
      ...frame,
      title: 'Longest drain',
      explains: 'How long the oldest of them has been waiting.',
      unit: 'hours',
      lines: [{ name: 'hours', colour: 'go', values: of((s) => s.longestDrainMs / hourMs) }],
    },
  ];
  return charts.map(drawChart);
}

const baselineColours = ['fixed', 'tracking', 'bound'] as const;

/** Baselines are counted by the minute: every fifth is as fine as our own samples. */
const lineOf = ({ name, hosts }: Baseline, index: number): Line => ({
  name,
  colour: baselineColours[index] ?? 'bound',
  values: hosts.filter((_, minute) => minute % 5 === 0),
  isDashed: name.includes('bound'),
});

function imageLines(samples: readonly Sample[]): readonly Line[] {
  const digests = [...new Set(samples.flatMap(({ images }) => images.map(([digest]) => digest)))].toSorted();
  let floor: readonly number[] = samples.map(() => 0);
  return digests.map((digest, index) => {
    const below = floor;
    floor = samples.map(
      ({ images }, at) => (below[at] ?? 0) + (images.find(([each]) => each === digest)?.[1] ?? 0),
    );
    return {
      name: digest.replace('sha256:', 'image '),
      colour: `image-${index % 4}`,
      values: floor,
      floor: below,
      isArea: true,
    };
  });
}

const pushMarks = ({ rollouts, start, end }: Outcome): readonly Mark[] =>
  rollouts.pushes.map(({ at, digest, kind }) => ({
    at: (at - start) / (end - start),
    text: `${digest} (${kind})`,
    colour: kind === 'good' ? 'good' : 'bad',
  }));
