/**
 * Metrics of the fleet, as CloudWatch has them: written by the scheduler, read by the stacks' alarms and the
 * dashboard. Every one has the dimension `Fleet`; some have a second one.
 */
import type { AlarmName } from './decision.ts';

export const metricNamespace = 'Tidecast/Fleet';

export const metrics = {
  /** Gauges of the newest pass. */
  broadcasts: { name: 'Broadcasts', unit: 'Count' },
  freeRoom: { name: 'FreeRoom', unit: 'None' },
  wantedRoom: { name: 'WantedRoom', unit: 'None' },
  hosts: { name: 'Hosts', unit: 'Count' },
  serving: { name: 'Serving', unit: 'Count' },
  draining: { name: 'Draining', unit: 'Count' },
  lost: { name: 'Lost', unit: 'Count' },
  longestDrain: { name: 'LongestDrain', unit: 'Seconds' },
  rolloutProgress: { name: 'RolloutProgress', unit: 'Percent' },
  /** Passes that were done: silence of this one is silence of the scheduler. */
  passes: { name: 'Passes', unit: 'Count' },
  /** By `Reason`; only reasons that occurred. */
  decisions: { name: 'Decisions', unit: 'Count' },
  /** All of them always, and by `Call` those that occurred. */
  apiErrors: { name: 'ApiErrors', unit: 'Count' },
  /** By `Alarm`: 1 while it is raised, else 0. */
  alarms: { name: 'Alarm', unit: 'Count' },
} as const;

export type MetricDimension = 'Fleet' | 'Reason' | 'Call' | 'Alarm';

const everyAlarm: Readonly<Record<AlarmName, true>> = {
  'stuck-drain': true,
  'lost-task': true,
  'broken-image': true,
  'address-quota': true,
  'room-short': true,
  'stale-facts': true,
  'address-conflict': true,
  'invalid-plan': true,
};

export const alarmNames = Object.keys(everyAlarm) as readonly AlarmName[];
